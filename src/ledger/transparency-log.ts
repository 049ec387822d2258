/** What auditors ask of the log: its newest promise, proofs, the whole export, and a check of it. */
import { AppError, type Db } from '#kernel';
import { exportLog, type ExportPart } from './export.ts';
import { readVerifiers } from './log-key.ts';
import { readNewestCheckpoint } from './log-store.ts';
import { hashRanges } from './proofs.ts';
import { formatInclusionProof } from './transparency/checkpoint.ts';
import { inclusionRanges } from './transparency/merkle.ts';
import { formatVkey } from './transparency/note.ts';
import { verifyDatabase } from './verify-database.ts';
import type { VerifyReport } from './verify-report.ts';

export interface SignedCheckpoint {
  size: number;
  /** Base64, as in the note. */
  root: string;
  /** The signed note: what a witness or an auditor keeps. */
  note: string;
  signedAt: Date;
  /** Public key of the log, in the form verifiers take. */
  vkey: string;
}

export interface InclusionProof {
  seq: number;
  /** Size of the tree the proof leads to. */
  size: number;
  /** Base64, from the leaf upwards. */
  hashes: string[];
  /** The whole proof as one file (c2sp.org/tlog-proof). */
  file: string;
}

export interface TransparencyLog {
  /** The newest signed checkpoint; undefined while the log is empty. */
  checkpoint(): Promise<SignedCheckpoint | undefined>;
  /**
   * Proves that an entry is under the newest checkpoint.
   * @throws AppError `ledger.no_such_entry` when it is not, or not yet.
   */
  inclusionProof(seq: number): Promise<InclusionProof>;
  /** The log as files that anyone can verify without us. */
  exportFiles(): AsyncIterable<ExportPart>;
  /**
   * Checks every row against the signed checkpoints and names the first that is wrong. `pinned` is
   * the text of a checkpoint kept elsewhere, which the log must extend.
   */
  verifyDatabase(options?: { pinned?: string | undefined }): Promise<VerifyReport>;
}

export function createTransparencyLog(db: Db): TransparencyLog {
  return {
    async checkpoint() {
      const newest = await readNewestCheckpoint(db);
      const [key] = await readVerifiers(db);
      if (newest === undefined || key === undefined) return undefined;
      const { size, root, note, signedAt } = newest;
      return { size, root: root.toString('base64'), note, signedAt, vkey: formatVkey(key) };
    },
    async inclusionProof(seq) {
      const newest = await readNewestCheckpoint(db);
      if (newest === undefined || !Number.isInteger(seq) || seq < 0 || seq >= newest.size) {
        throw new AppError('not_found', 'ledger.no_such_entry', {
          message: `No signed checkpoint covers an entry ${seq}.`,
          hint: 'A new entry is covered within a second.',
        });
      }
      const hashes = await hashRanges(db, inclusionRanges(seq, newest.size));
      return {
        seq,
        size: newest.size,
        hashes: hashes.map((hash) => Buffer.from(hash).toString('base64')),
        file: formatInclusionProof(seq, hashes, newest.note),
      };
    },
    exportFiles: () => exportLog(db),
    verifyDatabase: (options) => verifyDatabase(db, options),
  };
}
