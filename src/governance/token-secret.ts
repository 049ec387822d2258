/**
 * Secrets: `loom_<kind>_<26 base32>_<crc>`. The fixed shape lets scanners find leaked ones, and the
 * checksum refuses typos and noise before the database is asked. Only the SHA-256 is ever stored:
 * 130 random bits need no slow hash.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Token } from './schema.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const SECRET = /^(?<stem>loom_(?<kind>api|agent|session|pass)_[a-z2-7]{26})_(?<crc>[0-9a-f]{8})$/;

/** `pass`: of an agent that LoomStack itself started; no person has one. */
type SecretKind = Token['kind'] | 'pass';

/** 26 characters of base32, each five random bits. */
export function randomText(): string {
  return Array.from(randomBytes(26), (byte) => ALPHABET[byte & 31]).join('');
}

export function newTokenSecret(kind: SecretKind): { secret: string; hint: string } {
  const stem = `loom_${kind}_${randomText()}`;
  return { secret: `${stem}_${checksum(stem)}`, hint: stem.slice(0, `loom_${kind}_`.length + 4) };
}

/** True when the text has the shape and the checksum of a token. Says nothing about being known. */
export function isTokenSecret(text: string): boolean {
  const groups = SECRET.exec(text)?.groups;
  return groups !== undefined && checksum(groups['stem'] ?? '') === groups['crc'];
}

export function isPassSecret(text: string): boolean {
  return text.startsWith('loom_pass_') && isTokenSecret(text);
}

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function checksum(stem: string): string {
  return crc32(stem).toString(16).padStart(8, '0');
}
