-- Rounds of judging an agent's work, and the queue of changes that land one after the other.

create table loom.evaluations (
  run_id text not null,
  step_name text not null,
  round int not null,
  -- What was judged, and what the maker made of the verdict; null until it has.
  head_sha text not null,
  rework_sha text,
  passed boolean not null,
  -- From 0 to 1; null where only passed or failed was said.
  score real,
  output text not null default '',
  judge_session_id text references loom.sessions (id),
  judged_at timestamptz(3) not null default now(),
  primary key (run_id, step_name, round)
);

create table loom.landings (
  run_id text not null,
  step_name text not null,
  change_id text not null references loom.changes (id),
  repository text not null,
  base_branch text not null,
  head_sha text not null,
  -- queued: others are ahead. testing: its turn. landing: the host was asked. The rest are ends.
  state text not null check (state in ('queued', 'testing', 'landing', 'landed', 'returned', 'left')),
  -- The base it was tested on, and the tree that came of both.
  base_sha text,
  tested_tree text,
  test_runs int not null default 0,
  -- A failure that did not come again.
  is_flaky boolean not null default false,
  output text not null default '',
  -- Order of arrival.
  place bigint generated always as identity,
  queued_at timestamptz(3) not null default now(),
  seen_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  primary key (run_id, step_name)
);
create index landings_waiting on loom.landings (repository, base_branch, place)
  where state in ('queued', 'testing', 'landing');
-- One at a time, whatever the code above it does.
create unique index landings_one_turn on loom.landings (repository, base_branch)
  where state in ('testing', 'landing');
create index landings_newest on loom.landings (queued_at desc);
