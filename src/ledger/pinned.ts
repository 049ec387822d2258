/** The checkpoint an auditor kept from last time: the one thing an operator cannot rewrite. */
import { readFileSync } from 'node:fs';
import { AppError } from '#kernel';
import type { Promised } from './promises.ts';
import { openCheckpoint } from './transparency/checkpoint.ts';
import type { NoteVerifier } from './transparency/note.ts';
import type { Findings } from './verify-report.ts';

/** Reads a kept checkpoint from its text. */
export function openPinned(
  note: string,
  verifiers: readonly NoteVerifier[],
  findings: Findings,
): Promised | undefined {
  const checkpoint = openCheckpoint(note, verifiers);
  if (checkpoint === undefined) {
    findings.add('the pinned checkpoint is not signed by a key of this log');
    return undefined;
  }
  return { name: 'the pinned checkpoint', size: checkpoint.size, root: checkpoint.root };
}

/**
 * The text of a kept checkpoint that is given as such or as the path of its file. Only for callers
 * on the machine of the files: a path from the network is never to be read.
 * @throws AppError `ledger.bad_pin` when there is no such file.
 */
export function readPinned(pinned: string): string {
  // A checkpoint has at least three lines; a path has one.
  if (pinned.includes('\n')) return pinned;
  try {
    return readFileSync(pinned, 'utf8');
  } catch (cause) {
    throw new AppError('invalid', 'ledger.bad_pin', {
      message: `The pinned checkpoint ${pinned} cannot be read.`,
      hint: 'Give the path of a checkpoint file kept from an earlier export.',
      cause,
    });
  }
}
