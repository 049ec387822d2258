/**
 * Names that come from outside and become paths or refs. The rules are stricter than git's own, so
 * that a name can neither leave the folder nor be read as an option or a pattern.
 */
import { AppError } from '#kernel';

export interface RepositoryName {
  owner: string;
  name: string;
}

const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** One half of `owner/name`. `.git` and `.lock` endings would clash with files of ours and of git. */
export function isNameSegment(text: string): boolean {
  return SEGMENT.test(text) && !text.includes('..') && !/\.(?:git|lock)?$/i.test(text);
}

/** @throws AppError `local.bad_repository_name` */
export function parseRepositoryName(text: string): RepositoryName {
  const [owner = '', name = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isNameSegment(owner) || !isNameSegment(name)) {
    throw new AppError('invalid', 'local.bad_repository_name', {
      message: 'The repository name is not of the form owner/name.',
      hint: 'Use letters, digits, dots, dashes and underscores; begin with a letter or a digit.',
    });
  }
  return { owner, name };
}

/** The rules of `git check-ref-format --branch`, with a limit on length. */
export function isBranchName(text: string): boolean {
  return (
    text.length > 0 &&
    Buffer.byteLength(text) <= 244 &&
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused here
    !/[\u0000-\u0020\u007f~^:?*[\\]/.test(text) &&
    !/\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)/.test(text) &&
    !/^[-/.]|[/.]$/.test(text) &&
    text !== '@' &&
    text !== 'HEAD'
  );
}

/** @throws AppError `local.bad_branch_name` */
export function checkBranchName(text: string): string {
  if (!isBranchName(text)) {
    throw new AppError('invalid', 'local.bad_branch_name', {
      message: 'The branch name is not one git accepts.',
      hint: 'See `git help check-ref-format`.',
    });
  }
  return text;
}
