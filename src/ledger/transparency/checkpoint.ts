/** Checkpoints (c2sp.org/tlog-checkpoint) and the proof files that carry them. */
import { HASH_BYTES } from './merkle.ts';
import { type NoteSigner, type NoteVerifier, openNote, signNote } from './note.ts';

/** The promise of a log: these many entries, with this root, now and for ever. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
}

export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const root = Buffer.from(checkpoint.root).toString('base64');
  return signNote(`${checkpoint.origin}\n${checkpoint.size}\n${root}\n`, signer);
}

/** Reads a checkpoint that one of the keys signed; undefined when none did or it is malformed. */
export function openCheckpoint(
  note: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint | undefined {
  const [origin = '', size = '', encoded = ''] = openNote(note, verifiers)?.split('\n') ?? [];
  const root = decodeHash(encoded);
  const isSound = origin !== '' && /^(?:0|[1-9]\d{0,15})$/.test(size) && root !== undefined;
  return isSound ? { origin, size: Number(size), root } : undefined;
}

export function formatInclusionProof(
  index: number,
  proof: readonly Uint8Array[],
  checkpoint: string,
): string {
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${formatHashes(proof)}\n${checkpoint}`;
}

export function formatConsistencyProof(
  oldSize: number,
  proof: readonly Uint8Array[],
  checkpoint: string,
): string {
  return `old ${oldSize}\n${formatHashes(proof)}\n${checkpoint}`;
}

/** What a proof file says; undefined when it is malformed. */
export function parseProof(
  text: string,
  kind: 'index' | 'old',
): { number: number; proof: Buffer[]; checkpoint: string } | undefined {
  const split = text.indexOf('\n\n');
  if (split < 0) return undefined;
  const lines = text.slice(0, split).split('\n');
  if (kind === 'index' && lines.shift() !== 'c2sp.org/tlog-proof@v1') return undefined;
  const match = /^(index|old) (\d{1,16})$/.exec(lines.shift() ?? '');
  const proof = lines.map(decodeHash).filter((hash) => hash !== undefined);
  if (match?.[1] !== kind || proof.length !== lines.length) return undefined;
  return { number: Number(match[2]), proof, checkpoint: text.slice(split + 2) };
}

function formatHashes(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
}

function decodeHash(text: string): Buffer | undefined {
  const hash = Buffer.from(text, 'base64');
  // Base64 is read leniently; only the one way to write it is accepted.
  return hash.length === HASH_BYTES && hash.toString('base64') === text ? hash : undefined;
}
