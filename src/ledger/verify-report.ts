/** What a verification found, the first bad entry foremost. */

export interface VerifyProblem {
  /** Index of the entry; null when the problem is not about one. */
  index: number | null;
  eventId: string | null;
  what: string;
}

export interface VerifyReport {
  isValid: boolean;
  /** The bad entry with the lowest index, or the first problem that is about none. */
  firstBad: VerifyProblem | null;
  /** The first twenty found. */
  problems: VerifyProblem[];
  checked: {
    entries: number;
    payloads: number;
    redacted: number;
    tiles: number;
    checkpoints: number;
    proofs: number;
  };
  /** What the newest checkpoint promises; null when there is none that can be trusted. */
  checkpoint: { origin: string; size: number; root: string; note: string } | null;
  /** Whether the key came from the verifier or from what was verified, and whether history is pinned. */
  trust: { key: 'given' | 'found'; isPinned: boolean };
}

const MAX_PROBLEMS = 20;
const MAX_BAD_ENTRIES = 10_000;

/** Gathers problems while a log is walked through. */
export class Findings {
  readonly checked: VerifyReport['checked'] = {
    entries: 0,
    payloads: 0,
    redacted: 0,
    tiles: 0,
    checkpoints: 0,
    proofs: 0,
  };
  readonly #problems: VerifyProblem[] = [];
  /** Entries found bad; beyond some thousand, one more tells nothing new. */
  readonly #badEntries = new Set<number>();
  readonly #vague: { what: string; start: number; end: number }[] = [];
  #first: VerifyProblem | null = null;

  /** Whether nothing was found so far. */
  get isClean(): boolean {
    return this.#first === null && this.#vague.length === 0;
  }

  add(what: string, index: number | null = null, eventId: string | null = null): void {
    const problem = { index, eventId, what };
    const isEarlier =
      this.#first === null ||
      (index !== null && (this.#first.index === null || index < this.#first.index));
    if (isEarlier) this.#first = problem;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
    if (index !== null && this.#badEntries.size < MAX_BAD_ENTRIES) this.#badEntries.add(index);
  }

  /**
   * Adds a problem somewhere in the entries from `start` up to, not including, `end`. The report
   * names the first of them, unless a better culprit was found among them.
   */
  addWithin(what: string, start: number, end: number): void {
    if (this.#vague.length < MAX_BAD_ENTRIES) this.#vague.push({ what, start, end });
  }

  #settleVague(): void {
    const byLength = this.#vague.splice(0).sort((a, b) => a.end - a.start - (b.end - b.start));
    for (const { what, start, end } of byLength) {
      const isExplained = this.#badEntries.values().some((index) => index >= start && index < end);
      this.add(what, isExplained ? null : start);
    }
  }

  report(rest: Pick<VerifyReport, 'checkpoint' | 'trust'>): VerifyReport {
    this.#settleVague();
    return {
      isValid: this.#first === null,
      firstBad: this.#first,
      problems: this.#problems,
      checked: this.checked,
      ...rest,
    };
  }
}
