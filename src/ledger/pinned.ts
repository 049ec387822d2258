/** The checkpoint an auditor kept from last time: the one thing an operator cannot rewrite. */
import { readFileSync } from 'node:fs';
import { AppError } from '#kernel';
import type { Promised } from './promises.ts';
import { openCheckpoint } from './transparency/checkpoint.ts';
import type { NoteVerifier } from './transparency/note.ts';
import type { Findings } from './verify-report.ts';

/**
 * Reads a kept checkpoint, given as its text or as the path of its file.
 * @throws AppError `ledger.bad_pin` when there is no such file.
 */
export function readPinned(
  pinned: string,
  verifiers: readonly NoteVerifier[],
  findings: Findings,
): Promised | undefined {
  const checkpoint = openCheckpoint(textOf(pinned), verifiers);
  if (checkpoint === undefined) {
    findings.add('the pinned checkpoint is not signed by a key of this log');
    return undefined;
  }
  return { name: 'the pinned checkpoint', size: checkpoint.size, root: checkpoint.root };
}

function textOf(pinned: string): string {
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
