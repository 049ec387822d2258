/** SQL that finds rows which belong to nothing, and nothing else. */
import type { Tx } from '#kernel';

export interface StrayRow {
  what: string;
  seq: number | null;
  eventId: string | null;
}

/** Each finds at most one row; the walk through the log does not pass any of these. */
const OF_EVENTS = [
  `select 'the event is neither in the log nor waiting for its place' as what,
     null::bigint as seq, e.id as "eventId"
   from loom.events e
   where not exists (select from loom.log_leaves l where l.position = e.position)
     and not exists (select from loom.unsequenced_events u where u.position = e.position)
   order by e.position limit 1`,
];
const OF_WAITING = [
  `select 'it waits for a place it already has' as what, l.seq, l.event_id as "eventId"
   from loom.unsequenced_events u join loom.log_leaves l using (position)
   order by u.position limit 1`,
  `select 'an event waits for its place but is missing from loom.events (position '
     || u.position || ')' as what, null::bigint as seq, null as "eventId"
   from loom.unsequenced_events u
   where not exists (select from loom.events e where e.position = u.position)
   order by u.position limit 1`,
];
const OF_PAYLOADS = [
  `select 'a payload belongs to no event (position ' || p.position || ')' as what,
     null::bigint as seq, null as "eventId"
   from loom.event_payloads p
   where p.field <> 'data'
     or not exists (select from loom.events e where e.position = p.position)
   order by p.position limit 1`,
];
const OF_NAMES = [
  `with named as (
     select e.position, n.name from loom.events e
       cross join lateral (
         select e.subject union
         select value from jsonb_each_text(case when jsonb_typeof(e.refs) = 'object' then e.refs end)
       ) as n (name)
   ), different as (
     (select position, name from named except select position, ref from loom.event_refs)
     union all
     (select position, ref from loom.event_refs except select position, name from named)
   )
   select 'loom.event_refs disagrees with the event about ' || d.name as what, l.seq,
     e.id as "eventId"
   from different d
     left join loom.events e using (position) left join loom.log_leaves l using (position)
   order by d.position limit 1`,
];

/**
 * Looks for a row that belongs to nothing. What was found to add up without looking at single rows
 * may be left out.
 */
export async function findStrayRow(
  tx: Tx,
  addsUp: { events: boolean; payloads: boolean; names: boolean },
): Promise<StrayRow | undefined> {
  const questions = [
    ...(addsUp.events ? [] : OF_EVENTS),
    ...OF_WAITING,
    ...(addsUp.payloads ? [] : OF_PAYLOADS),
    ...(addsUp.names ? [] : OF_NAMES),
  ];
  for (const question of questions) {
    const [row] = await tx.query<StrayRow>(question);
    if (row !== undefined) return row;
  }
  return undefined;
}
