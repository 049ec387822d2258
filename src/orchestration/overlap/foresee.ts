/**
 * Guesses about work that is not written yet: two intents that will probably meet in a file. They only
 * warn; the figures behind the threshold are in docs/overlap.md.
 */
import type { GitRepository } from '#git';
import { intentFeatures, type IntentView, viewIntent } from './features.ts';
import type { MainLine } from './main-line.ts';
import { scoreOf, SHIPPED } from './models.ts';
import { readMainLine } from './read-main-line.ts';

export interface Foreseer {
  /** The pairs of intents that will probably meet, with the likelihood of each. */
  foresee(
    git: GitRepository,
    subject: Intended,
    others: readonly Intended[],
  ): Promise<{ id: string; likelihood: number; paths: string[] }[]>;
}

export interface Intended {
  id: string;
  title: string;
  body: string;
}

/** From here on every second guess (.52) came true on repositories left out of the fit. */
const LIKELY = 0.5;
const MAX_OTHERS = 300;
const MAX_KEPT = 3;
const MIN_HISTORY = 50;
const MAX_PATHS = 5;
/** A line this many changes behind still knows what usually goes together. */
const READ_AGAIN_MS = 3_600_000;

export function createForeseer(clock: { now(): Date }): Foreseer {
  const lines = new Map<string, { line: Promise<MainLine | undefined>; readAt: number }>();

  function lineOf(git: GitRepository): Promise<MainLine | undefined> {
    const known = lines.get(git.dir);
    const now = clock.now().getTime();
    if (known !== undefined && now - known.readAt < READ_AGAIN_MS) return known.line;
    const read = async (): Promise<MainLine | undefined> => {
      const head = await git.resolve('HEAD');
      return head === undefined ? undefined : (await readMainLine(git, head)).line;
    };
    const line = read();
    // One that could not be read is asked for again, and must not end the process.
    line.catch(() => lines.delete(git.dir));
    lines.delete(git.dir);
    if (lines.size >= MAX_KEPT) lines.delete(lines.keys().next().value!);
    lines.set(git.dir, { line, readAt: now });
    return line;
  }

  return {
    async foresee(git, subject, others) {
      if (subject.title.trim() === '') return [];
      const line = await lineOf(git);
      if (line === undefined || line.size < MIN_HISTORY) return [];
      const seen = line.size;
      const now = line.times.at(-1)!;
      const view = (intent: Intended): IntentView => viewIntent(line, intent, seen, now);
      const own = view(subject);
      return others
        .filter(({ title }) => title.trim() !== '')
        .slice(0, MAX_OTHERS)
        .flatMap((other) => {
          const theirs = view(other);
          const likelihood = scoreOf(SHIPPED.intent, intentFeatures(line, own, theirs, seen));
          if (likelihood < LIKELY) return [];
          return [{ id: other.id, likelihood, paths: likelyShared(own, theirs) }];
        });
    },
  };
}

function likelyShared(a: IntentView, b: IntentView): string[] {
  return [...a.chances]
    .map(([path, chance]) => ({ path, chance: chance * (b.chances.get(path) ?? 0) }))
    .filter(({ chance }) => chance > 0.01)
    .sort((x, y) => y.chance - x.chance)
    .slice(0, MAX_PATHS)
    .map(({ path }) => path);
}
