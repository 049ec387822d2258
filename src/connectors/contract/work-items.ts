/**
 * Systems of work items: what LoomStack writes back to an issue or ticket. What they tell us comes as
 * `work-item.updated` signals; `Signal.workItem.revision` keeps what we wrote from coming back as news.
 */
import type { Published } from './contract.ts';

/** Where a work item stands, in our words; a connector maps it to the states of its system. */
export type WorkItemState = 'open' | 'in-progress' | 'in-review' | 'done' | 'dropped';

/** Names a work item in its system. */
export interface ExternalWorkItem {
  /** As in the signal: `acme/shop#12`, `SHOP-12`. */
  externalKey: string;
  /** The talk in which we were asked for it, as in the signal. */
  thread?: string | undefined;
}

/**
 * Every verb may be called again with the same arguments and then changes nothing more.
 * @throws AppError `unavailable` when trying again later may help, `not_found` when the item is gone.
 */
export interface WorkItemMirror {
  readonly name: string;
  /** Creates or updates our one comment on the item. */
  upsertComment(item: ExternalWorkItem, markdown: string): Promise<Published>;
  /**
   * Moves the item. A state the system has no way to is `kept`: no reason to try again. `changed` names
   * the revision we made, which the system will tell us of and intake then leaves alone.
   */
  setState(
    item: ExternalWorkItem,
    state: WorkItemState,
  ): Promise<{ outcome: 'changed'; revision?: string } | { outcome: 'kept'; reason: string }>;
  /** Shows a change, run or trace on the item, once per URL. */
  link(item: ExternalWorkItem, link: { url: string; title: string }): Promise<void>;
}
