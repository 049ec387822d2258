/** When each agent last spoke to us, for whom and from where, and what `loom attach` reported. */
import type { Clock, Db } from '#kernel';

export interface AgentPlace {
  agent: string;
  personId: string;
  /** As the work tree names it; empty outside of one, or for all of a person's work. */
  repository: string;
}

export interface AgentEventRow extends AgentPlace {
  event: string;
  version: string | null;
  lastAt: Date;
  events: number;
}

export interface AttachmentRow extends AgentPlace {
  version: string | null;
  attachedAt: Date;
  detachedAt: Date | null;
}

export interface AgentActivity {
  /** Notes an event; at most one write per place, event and second, for hooks come in bursts. */
  record(place: AgentPlace, event: string, version?: string): Promise<void>;
  attach(place: AgentPlace, version: string | null): Promise<void>;
  detach(place: AgentPlace): Promise<void>;
  /** The last event of each agent. */
  last(): Promise<{ agent: string; event: string; lastAt: Date; events: number }[]>;
  events(): Promise<AgentEventRow[]>;
  attachments(): Promise<AttachmentRow[]>;
}

const WRITE_EVERY_MS = 1_000;
const MAX_PLACES = 20_000;
const MAX_ROWS = 5_000;

export function createAgentActivity({ db, clock }: { db: Db; clock: Clock }): AgentActivity {
  const unwritten = new Map<string, { writtenAt: number; events: number }>();

  return {
    async record({ agent, personId, repository }, event, version) {
      const key = JSON.stringify([agent, personId, repository, event]);
      const now = clock.now();
      const known = unwritten.get(key) ?? { writtenAt: 0, events: 0 };
      known.events += 1;
      if (unwritten.size > MAX_PLACES) unwritten.clear();
      unwritten.set(key, known);
      if (now.getTime() - known.writtenAt < WRITE_EVERY_MS) return;
      const { events } = known;
      unwritten.set(key, { writtenAt: now.getTime(), events: 0 });
      await db.query(
        `insert into loom.agent_events as a (agent, person_id, repository, event, version, last_at, events)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (agent, person_id, repository, event) do update set
           last_at = greatest(a.last_at, excluded.last_at), events = a.events + excluded.events,
           version = coalesce(excluded.version, a.version)`,
        [agent, personId, repository, event, version ?? null, now, events],
        'record_agent_event',
      );
    },

    async attach({ agent, personId, repository }, version) {
      await db.query(
        `insert into loom.agent_attachments as a (agent, person_id, repository, version, attached_at)
         values ($1, $2, $3, $4, $5)
         on conflict (agent, person_id, repository) do update set detached_at = null,
           version = coalesce(excluded.version, a.version),
           attached_at = case when a.detached_at is null then a.attached_at else excluded.attached_at end`,
        [agent, personId, repository, version, clock.now()],
      );
    },

    async detach({ agent, personId, repository }) {
      await db.query(
        `update loom.agent_attachments set detached_at = $4
         where agent = $1 and person_id = $2 and repository = $3 and detached_at is null`,
        [agent, personId, repository, clock.now()],
      );
    },

    last: () =>
      db.query(
        `select distinct on (agent) agent, event, last_at as "lastAt",
           (sum(events) over (partition by agent))::int as events
         from loom.agent_events order by agent, last_at desc`,
      ),

    events: () =>
      db.query(
        `select agent, person_id as "personId", repository, event, version, last_at as "lastAt", events::int
         from loom.agent_events order by last_at desc limit ${MAX_ROWS}`,
      ),

    attachments: () =>
      db.query(
        `select agent, person_id as "personId", repository, version, attached_at as "attachedAt",
           detached_at as "detachedAt"
         from loom.agent_attachments order by attached_at desc limit ${MAX_ROWS}`,
      ),
  };
}
