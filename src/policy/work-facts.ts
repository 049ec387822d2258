/** What is known of the work a change is for, as far as rules may ask for it. Pure. */
import { z } from 'zod';

/** The most urgent first; of every tracker the nearest. */
export const WORK_PRIORITIES = ['urgent', 'high', 'normal', 'low', 'someday'] as const;
export type WorkPriority = (typeof WORK_PRIORITIES)[number];

export const WorkFacts = z.object({
  /** Lower case, sorted. */
  labels: z.array(z.string()),
  /** Null where the change is for no work item. */
  priority: z.enum(WORK_PRIORITIES).nullable(),
  /**
   * The change names an item that is not known here, so it may have any label and any priority: every rule
   * that asks for one holds.
   */
  isUnknown: z.boolean(),
});
export type WorkFacts = z.infer<typeof WorkFacts>;

/** Of a change that names no work item. */
export const NO_WORK: WorkFacts = { labels: [], priority: null, isUnknown: false };
export const UNKNOWN_WORK: WorkFacts = { ...NO_WORK, isUnknown: true };

/** `priority`: 4 drop everything to 0 whenever there is time. */
export function workFacts(item: { labels: readonly string[]; priority: number }): WorkFacts {
  return {
    labels: [...new Set(item.labels.map(labelName).filter((name) => name !== ''))].sort(),
    priority: WORK_PRIORITIES[WORK_PRIORITIES.length - 1 - item.priority] ?? 'normal',
    isUnknown: false,
  };
}

/** Trackers tell labels apart by spaces and letters that people do not see apart. */
export function labelName(label: string): string {
  return label.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase().slice(0, 100);
}
