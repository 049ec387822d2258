/** What a piece of work may use: as its step says, or as the step says for work of this label or priority. Pure. */
import type { WorkItem } from '../schema.ts';
import { type AgentOptions, type Budget, PRIORITY_NAMES } from './schema.ts';

/**
 * The first of `budgets` whose label is on the work item and whose priority is its priority; what it
 * leaves out is as in `budget`. Labels are compared without regard to case.
 */
export function chooseBudget(
  { budget, budgets }: Pick<AgentOptions, 'budget' | 'budgets'>,
  item: Pick<WorkItem, 'labels' | 'priority'> | undefined,
): Budget {
  if (item === undefined) return budget;
  const labels = new Set(item.labels.map((label) => label.trim().toLowerCase()));
  const found = budgets.find(
    (one) =>
      (one.labels?.some((label) => labels.has(label.trim().toLowerCase())) ?? true) &&
      (one.priority?.some((name) => PRIORITY_NAMES.indexOf(name) === item.priority) ?? true),
  );
  if (found === undefined) return budget;
  const { tokens = budget.tokens, costUsd = budget.costUsd, minutes = budget.minutes } = found;
  return {
    minutes,
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}
