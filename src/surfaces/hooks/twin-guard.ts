/**
 * Answers each event once. An agent that reads two files with our hooks in them (its own and another
 * agent's, or the person's and the repository's) fires every event twice within moments; the second
 * firing has no second effect and hears nothing, but for a denial or a stop, which must hold on every way.
 */
import type { HookAnswer } from './dialect.ts';

export interface TwinGuard {
  once(firing: string | undefined, answer: () => Promise<HookAnswer>): Promise<HookAnswer>;
}

const REMEMBERED_MS = 5_000;
const MAX_REMEMBERED = 10_000;

export function createTwinGuard({ now }: { now: () => Date }): TwinGuard {
  const known = new Map<string, { at: number; answer: Promise<HookAnswer> }>();

  function forgetOld(time: number): void {
    for (const [firing, { at }] of known) {
      if (time - at <= REMEMBERED_MS && known.size <= MAX_REMEMBERED) return;
      known.delete(firing);
    }
  }

  return {
    async once(firing, answer) {
      if (firing === undefined) return answer();
      const time = now().getTime();
      forgetOld(time);
      const twin = known.get(firing);
      if (twin !== undefined) {
        const first = await twin.answer;
        return first.kind === 'denied' || first.kind === 'stopped' ? first : { kind: 'nothing' };
      }
      const given = answer();
      known.set(firing, { at: time, answer: given });
      // A failure is nobody's answer: the next firing tries again.
      given.catch(() => known.delete(firing));
      return given;
    },
  };
}
