/** The key that signs checkpoints: from a file, or made once and kept in the database. */
import { readFileSync } from 'node:fs';
import { AppError, type Queryable, type Tx } from '#kernel';
import { insertKey, readKeys } from './log-store.ts';
import {
  generateKey,
  type NoteSigner,
  type NoteVerifier,
  readSigner,
} from './transparency/note.ts';

/** @throws AppError `ledger.bad_key` when the file is missing or holds no Ed25519 key. */
export function readKeyFile(path: string, origin: string): NoteSigner {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('invalid', 'ledger.bad_key', {
      message: `The signing key of the log cannot be read from ${path}.`,
      hint: 'Correct audit.keyFile, or remove it to keep the key in the database.',
      cause,
    });
  }
  return readSigner(origin, pem);
}

/**
 * The key to sign with, made and remembered on first use. The caller holds the sequencer's lock.
 * @throws AppError `ledger.origin_changed` when the log was begun under another name.
 */
export async function obtainSigner(
  tx: Tx,
  origin: string,
  fromFile: NoteSigner | undefined,
): Promise<NoteSigner> {
  const keys = await readKeys(tx);
  const begun = keys[0]?.name ?? origin;
  if (begun !== origin) {
    throw new AppError('conflict', 'ledger.origin_changed', {
      message: `The log was begun as ${begun} and cannot go on as ${origin}.`,
      hint: `Set audit.origin back to ${begun}: a log keeps its name for ever.`,
    });
  }
  if (fromFile !== undefined) {
    if (!keys.some(({ publicKey }) => publicKey.equals(fromFile.publicKey))) {
      await insertKey(tx, { name: origin, publicKey: fromFile.publicKey, privateKey: null });
    }
    return fromFile;
  }
  const stored = keys.find(({ privateKey }) => privateKey !== null);
  if (typeof stored?.privateKey === 'string') return readSigner(origin, stored.privateKey);
  const pem = generateKey();
  const signer = readSigner(origin, pem);
  await insertKey(tx, { name: origin, publicKey: signer.publicKey, privateKey: pem });
  return signer;
}

/** Every key the log was signed with, newest first. */
export async function readVerifiers(db: Queryable): Promise<NoteVerifier[]> {
  return (await readKeys(db)).map(({ name, publicKey }) => ({ name, publicKey }));
}
