/** The error of a policy text that cannot take force; its first problem is the message. */
import { AppError } from '#kernel';
import type { PolicyProblem } from './service.ts';

export function refusedPolicy(problems: readonly PolicyProblem[]): AppError {
  const [first] = problems;
  return new AppError('invalid', 'policy.invalid', {
    message: `Line ${first?.line ?? 1}: ${first?.message ?? 'the policy cannot be read'}`,
    hint:
      first?.suggestion == null
        ? 'Correct it and try again; `loom policy validate` shows every problem.'
        : `Did you mean ${first.suggestion}?`,
    details: { problems },
  });
}
