/**
 * Reading what happened, for when webhooks were lost: by cursor, page by page, from where the last reading
 * ended. A sweep may tell again what a webhook told; equal facts have equal dedupe keys, so nothing
 * happens twice.
 */
import type { Signal } from './contract.ts';

/** What happened, as one delivery of it would be: kept under this id once. */
export interface SweptDelivery {
  /** That of the webhook where the system names it, so that both are one delivery. */
  deliveryId: string;
  signals: Signal[];
}

export interface SignalPage {
  deliveries: SweptDelivery[];
  /** Where the next page, or the next sweep, goes on. Opaque; kept once the deliveries are. */
  cursor: string;
  hasMore: boolean;
}

export interface SignalSweep {
  /** What is swept apart, each with a cursor of its own: repositories, projects, installations. */
  listScopes(): Promise<string[]>;
  /**
   * The next page since the cursor; null begins now minus what the system can still tell.
   * @throws AppError `unavailable` when the system wants us to wait; the cursor then still holds.
   */
  sweep(scope: string, cursor: string | null): Promise<SignalPage>;
}
