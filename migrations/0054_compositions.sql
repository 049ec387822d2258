-- What became of each thing that may need work: which workflow was chosen for it and why, or that none
-- matched. The same facts about the same thing are considered once, however often they are told.
create table loom.compositions (
  event_id text primary key,
  -- What it is about: `work-item:wrk_…`, `incident:pager:42`, `comment:github:…`.
  subject text not null,
  -- Hash of what matching reads.
  fingerprint text not null,
  kind text not null,
  repository text,
  work_item_id text,
  outcome text not null check (outcome in ('chosen', 'ambiguous', 'none', 'refused', 'standing')),
  workflow text,
  source text,
  candidates jsonb not null,
  hint text,
  facts jsonb not null,
  graph_hash text,
  run_id text,
  created_at timestamptz(3) not null default now(),
  constraint compositions_once unique (subject, fingerprint)
);
create index compositions_newest on loom.compositions (created_at desc, event_id desc);
create index compositions_by_run on loom.compositions (run_id) where run_id is not null;

create index runs_by_work_item on loom.runs (work_item_id) where work_item_id is not null;
