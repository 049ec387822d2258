/**
 * Seals secrets that have to be kept and used again, such as those we sign with, so that a copy of the
 * database tells none of them. AES-256-GCM; the key comes from outside the database.
 */
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from './errors.ts';

const VERSION = 'sealed1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of hexadecimal or base64: enough for 128 bits. */
export const MIN_KEY_LENGTH = 32;

export interface SecretBox {
  /** `owner` binds the text to its row: put into another one, it does not open. */
  seal(text: string, owner: string): string;
  /**
   * Gives text that was never sealed back as it is: rows of older releases.
   * @throws AppError `secrets.unknown_key`, `secrets.damaged`.
   */
  open(sealed: string, owner: string): string;
  /** True for what was not sealed, or with a key before. */
  isOutdated(sealed: string): boolean;
}

/** The first key seals; the others still open what they sealed. Each may be any long random text. */
export function createSecretBox(keys: readonly [string, ...string[]]): SecretBox {
  const ring = keys.map((text) => {
    if (text.length < MIN_KEY_LENGTH) {
      throw new AppError('invalid', 'secrets.short_key', {
        message: `A key for secrets has fewer than ${MIN_KEY_LENGTH} characters.`,
        hint: 'Make one with: openssl rand -hex 32',
      });
    }
    const key = Buffer.from(hkdfSync('sha256', text, 'loomstack', 'secret box', 32));
    return { id: hash('sha256', key, 'hex').slice(0, 12), key };
  });
  const current = ring[0]!;

  return {
    seal(text, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce);
      cipher.setAAD(Buffer.from(owner));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const whole = Buffer.concat([nonce, cipher.getAuthTag(), body]);
      return `${VERSION}.${current.id}.${whole.toString('base64url')}`;
    },

    open(sealed, owner) {
      const [version, id, body = ''] = sealed.split('.');
      if (version !== VERSION) return sealed;
      const key = ring.find((one) => one.id === id)?.key;
      if (key === undefined) {
        throw new AppError('unavailable', 'secrets.unknown_key', {
          message: 'A kept secret was sealed with a key that this server does not have.',
          hint: 'Give every server of one database the same secrets.key, and after a change the one before as secrets.previousKey.',
        });
      }
      const whole = Buffer.from(body, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, whole.subarray(0, NONCE_BYTES), {
          // A shorter tag would be easier to guess.
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(owner));
        decipher.setAuthTag(whole.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = decipher.update(whole.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new AppError('internal', 'secrets.damaged', {
          message: 'A kept secret was changed since it was sealed.',
          hint: 'Renew it; somebody may have written into the database.',
          cause,
        });
      }
    },

    isOutdated: (sealed) => !sealed.startsWith(`${VERSION}.${current.id}.`),
  };
}
