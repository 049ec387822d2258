/** When each agent's hooks were last heard of. */
import type { Clock, Db } from '#kernel';

export interface HookActivity {
  /** Notes an event; at most one write per agent and second, for hooks come in bursts. */
  record(agent: string, event: string): Promise<void>;
  list(): Promise<{ agent: string; event: string; lastAt: Date; events: number }[]>;
}

const WRITE_EVERY_MS = 1_000;

export function createHookActivity({ db, clock }: { db: Db; clock: Clock }): HookActivity {
  const unwritten = new Map<string, { writtenAt: number; events: number }>();

  return {
    async record(agent, event) {
      const now = clock.now();
      const known = unwritten.get(agent) ?? { writtenAt: 0, events: 0 };
      known.events += 1;
      unwritten.set(agent, known);
      if (now.getTime() - known.writtenAt < WRITE_EVERY_MS) return;
      const { events } = known;
      unwritten.set(agent, { writtenAt: now.getTime(), events: 0 });
      await db.query(
        `insert into loom.hook_activity as a (agent, event, last_at, events) values ($1, $2, $3, $4)
         on conflict (agent) do update set event = excluded.event,
           last_at = greatest(a.last_at, excluded.last_at), events = a.events + excluded.events`,
        [agent, event, now, events],
        'record_hook_activity',
      );
    },
    list: () =>
      db.query(
        `select agent, event, last_at as "lastAt", events from loom.hook_activity order by agent`,
      ),
  };
}
