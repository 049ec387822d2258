-- Runs that ended long ago, out of the tables every claim and completion reads: one row for each, with
-- its steps and signals as they were. The audit log keeps what it says of them, whatever happens here.
create table loom.archived_runs (
  id text primary key,
  state text not null,
  change_id text,
  work_item_id text,
  created_at timestamptz not null,
  ended_at timestamptz not null,
  -- The rows of loom.runs, loom.steps and loom.run_signals, column by column.
  run jsonb not null,
  steps jsonb not null,
  signals jsonb not null,
  archived_at timestamptz(3) not null default now()
);
create index archived_runs_by_age on loom.archived_runs (created_at desc, id desc);
create index archived_runs_by_state on loom.archived_runs (state, created_at desc, id desc);
create index archived_runs_by_change on loom.archived_runs (change_id, created_at desc)
  where change_id is not null;
-- For retention, which forgets the oldest first.
create index archived_runs_by_end on loom.archived_runs (ended_at);
