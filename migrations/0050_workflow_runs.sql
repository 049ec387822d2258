-- Runs of workflows. The graph is data: every step knows how many predecessors are still open
-- (unmet) and whom it unblocks (next). Lock order in every statement: the run first, then its steps.
create table loom.runs (
  id text primary key,
  workflow text not null,
  graph_hash text not null,
  definition_source text not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed', 'cancelled')),
  left_steps int not null check (left_steps >= 0),
  title text not null,
  input jsonb not null,
  change_id text,
  work_item_id text,
  repository text,
  correlation_id text not null,
  message text,
  -- Whole milliseconds, so that a page's cursor names exactly one moment.
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  ended_at timestamptz
);
create index runs_by_age on loom.runs (created_at desc, id desc);
create index runs_by_state on loom.runs (state, created_at desc, id desc);
create index runs_by_change on loom.runs (change_id, created_at desc) where change_id is not null;

-- What others tell a run. One that comes before any step listens is kept until one does.
create table loom.run_signals (
  number bigint generated always as identity primary key,
  run_id text not null references loom.runs (id),
  name text not null,
  dedupe_key text not null,
  body jsonb not null,
  actor jsonb not null,
  received_at timestamptz not null default now(),
  taken_at timestamptz,
  constraint run_signals_dedupe_key unique (run_id, dedupe_key)
);
create index run_signals_early on loom.run_signals (run_id, name, number) where taken_at is null;

create table loom.steps (
  run_id text not null references loom.runs (id),
  name text not null,
  id text not null,
  position int not null,
  kind text not null,
  state text not null check (
    state in ('blocked', 'ready', 'running', 'waiting', 'done', 'failed', 'skipped', 'cancelled')
  ),
  needs text[] not null,
  next text[] not null,
  unmet int not null check (unmet >= 0),
  origin text not null,
  options jsonb not null,
  condition jsonb,
  attempt int not null default 0,
  max_attempts int not null check (max_attempts >= 1),
  backoff_ms int not null,
  timeout_ms int,
  -- Rises with every claim: a worker that lost its lease is recognised by it and changes nothing.
  fence int not null default 0,
  lost_leases int not null default 0,
  worker text,
  lease_until timestamptz,
  due_at timestamptz,
  waiting_on text,
  -- Why it is ready again after a wait.
  wake text check (wake in ('timer', 'signal')),
  signal_number bigint,
  -- The event that made it ready.
  cause text,
  output jsonb,
  message text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (run_id, name)
) with (
  -- This table is rewritten all the time: leave room on each page and clean up often.
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500
);
-- Partial, so that finished and parked steps cost the loops nothing: each holds only what one loop reads.
create index steps_ready on loom.steps (due_at) where state = 'ready';
create index steps_leased on loom.steps (lease_until) where state = 'running';
create index steps_timed on loom.steps (due_at) where state = 'waiting' and due_at is not null;
