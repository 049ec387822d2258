/** Texts as GitHub takes them, and what every verb needs of a change. Pure. */
import { AppError } from '#kernel';
import type { HostChange } from '#connectors/contract';

/** GitHub takes 65,535 characters in a comment and in the summary of a check run. */
const MAX_TEXT_CHARACTERS = 65_000;

export function numberOf({ number }: HostChange): number {
  if (number !== undefined) return number;
  throw new AppError('invalid', 'github.no_number', {
    message: 'The change has no pull request number.',
    hint: 'Only pull requests can be judged and merged on GitHub.',
  });
}

export function cut(text: string): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  return `${text.slice(0, MAX_TEXT_CHARACTERS)}\n\n… cut here; the details are in LoomStack.`;
}
