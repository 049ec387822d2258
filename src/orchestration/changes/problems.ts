/** Failures more than one file of this sub-room gives. */
import { AppError } from '#kernel';

export function unknownChange(id: string): AppError {
  return new AppError('not_found', 'changes.unknown', {
    message: `There is no change ${id}.`,
    hint: 'List the open ones with GET /v1/changes?state=open.',
  });
}
