/**
 * How much is too much, per rule. The figures of the rules are those the field converged on (OpenHands'
 * StuckDetector 4/3/3/6) with state and normalised results in place of plain equality; docs/breakers.md
 * gives what each was measured with.
 */
export interface Thresholds {
  /** Same call and same normalised result, with no progress between. */
  sameCall: number;
  /** The same where the call fails. */
  sameFailure: number;
  /** The same call failing with whatever text. */
  sameCallFailing: number;
  /** The same green test run, which people repeat to find flakes. */
  sameGreenTests: number;
  /** Rounds of a cycle of two to four steps. */
  cycleRounds: number;
  /** Same error class from changing calls. */
  sameError: number;
  /** Runs in which the failing set did not shrink. */
  testRuns: number;
  /** Returns of a file to an earlier content. */
  editReturns: number;
  /** Steps without edit or test of which under half are new. */
  idleSteps: number;
  /** Messages in a row that say the same without an action. */
  messages: number;
  /** Steps far above the median of tokens. */
  burstSteps: number;
  burstFactor: number;
  /** A step below this never is a burst, whatever the median. */
  burstFloorTokens: number;
  /** Polls of a live process without any news. */
  quietPolls: number;
  /** Trips after which the session, and not only the turn, is ended. */
  tripsToEndSession: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  sameCall: 4,
  sameFailure: 3,
  sameCallFailing: 6,
  sameGreenTests: 6,
  cycleRounds: 3,
  sameError: 4,
  testRuns: 6,
  editReturns: 3,
  idleSteps: 20,
  messages: 3,
  burstSteps: 4,
  burstFactor: 8,
  burstFloorTokens: 20_000,
  quietPolls: 40,
  tripsToEndSession: 3,
};
