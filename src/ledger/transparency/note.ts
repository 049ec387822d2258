/** Signed notes (c2sp.org/signed-note) with Ed25519 keys. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { AppError } from '#kernel';

const ED25519_KIND = 1;
const KEY_BYTES = 32;
/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/=]+)$/;

export interface NoteSigner {
  name: string;
  publicKey: Buffer;
  privateKey: KeyObject;
}

export interface NoteVerifier {
  name: string;
  publicKey: Buffer;
}

/** Makes a key and gives it as PKCS#8 PEM. */
export function generateKey(): string {
  return generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** @throws AppError `ledger.bad_key` when the text is no Ed25519 private key. */
export function readSigner(name: string, pem: string): NoteSigner {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw badKey('The signing key of the log cannot be read.', cause);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw badKey(`The signing key of the log is ${privateKey.asymmetricKeyType ?? 'unknown'}.`);
  }
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return { name, privateKey, publicKey: Buffer.from(spki.subarray(SPKI_PREFIX.length)) };
}

function badKey(message: string, cause?: unknown): AppError {
  return new AppError('invalid', 'ledger.bad_key', {
    message,
    hint: 'It must be an Ed25519 private key in PKCS#8 PEM: `openssl genpkey -algorithm ed25519`.',
    cause,
  });
}

/** First four bytes of SHA-256(name, newline, kind, public key): tells apart keys of one name. */
function keyId({ name, publicKey }: NoteVerifier): Buffer {
  const parts = [Buffer.from(`${name}\n`), Buffer.of(ED25519_KIND), publicKey];
  return hash('sha256', Buffer.concat(parts), 'buffer').subarray(0, 4);
}

/** A public key as text: `name+hex(key id)+base64(kind || key)`. */
export function formatVkey(verifier: NoteVerifier): string {
  const key = Buffer.concat([Buffer.of(ED25519_KIND), verifier.publicKey]).toString('base64');
  return `${verifier.name}+${keyId(verifier).toString('hex')}+${key}`;
}

/** @throws AppError `ledger.bad_vkey`. */
export function parseVkey(text: string): NoteVerifier {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const key = Buffer.from(match?.[3] ?? '', 'base64');
  const verifier = { name: match?.[1] ?? '', publicKey: key.subarray(1) };
  const isSound =
    key.length === 1 + KEY_BYTES &&
    key[0] === ED25519_KIND &&
    keyId(verifier).toString('hex') === match?.[2];
  if (isSound) return verifier;
  throw new AppError('invalid', 'ledger.bad_vkey', {
    message: `This is not the public key of a log: ${text.trim().slice(0, 100)}`,
    hint: 'It reads name+8 hexadecimal digits+base64, as in the file `vkey` of an export.',
  });
}

/** Signs a text that ends in a newline. */
export function signNote(text: string, signer: NoteSigner): string {
  const blob = Buffer.concat([keyId(signer), sign(null, Buffer.from(text), signer.privateKey)]);
  return `${text}\n— ${signer.name} ${blob.toString('base64')}\n`;
}

/**
 * Gives the text of a note back if one of the keys signed it; undefined when none did. A signature
 * by a key we know that does not fit makes the whole note bad, as the format demands.
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): string | undefined {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, split + 1);
  let isSigned = false;
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const match = SIGNATURE_LINE.exec(line);
    if (match === null) return undefined;
    const blob = Buffer.from(match[2]!, 'base64');
    const known = verifiers.find(
      (verifier) => verifier.name === match[1] && keyId(verifier).equals(blob.subarray(0, 4)),
    );
    if (known === undefined) continue;
    const spki = Buffer.concat([SPKI_PREFIX, known.publicKey]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (!verify(null, Buffer.from(text), key, blob.subarray(4))) return undefined;
    isSigned = true;
  }
  return isSigned ? text : undefined;
}
