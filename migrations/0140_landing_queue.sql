-- The queue of landings: builds of what a branch would come to, several at once, and one row for each
-- branch with what the scheduler remembers and whether the branch is red.

create table loom.landing_lanes (
  repository text not null,
  base_branch text not null,
  -- Rises with everything that may change who is next: a look that took longer is thrown away.
  version bigint not null default 0,
  -- Groups and retried groups, as the scheduler remembers them.
  memory jsonb not null default '{"groups":[],"retried":[]}',
  -- Checks of what landed last: the branch itself is held to them. Null until something landed.
  checks jsonb,
  -- Newest commit of the branch known to pass them, and the one looked at last.
  green_sha text,
  main_sha text,
  -- Why nothing lands; null while the branch is green.
  red jsonb,
  -- What the host said of commits of the branch: check, then commit, then conclusion.
  host_checks jsonb not null default '{}',
  constraint landing_lanes_pkey primary key (repository, base_branch)
);

create table loom.landing_builds (
  id bigint generated always as identity primary key,
  repository text not null,
  base_branch text not null,
  -- landing: changes on a branch. main: the branch as it is. bisect: a commit of it on the way to a culprit.
  kind text not null check (kind in ('landing', 'main', 'bisect')),
  -- Tree and checks: equal keys come to the same result, whatever they are tested for.
  key text not null,
  attempt int not null,
  base_sha text not null,
  -- Heads merged onto the base in this order; of the last ones, the changes under test.
  heads text[] not null,
  changes text[] not null,
  assumed text[] not null,
  tree text not null,
  checks jsonb not null,
  state text not null check (state in ('queued', 'running', 'passed', 'failed')),
  -- Most urgent first.
  priority int not null,
  node text,
  lease_until timestamptz(3),
  command text,
  output text not null default '',
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  constraint landing_builds_once unique (repository, base_branch, key, attempt)
);
create index landing_builds_open on loom.landing_builds (priority, id)
  where state in ('queued', 'running');
create index landing_builds_ended on loom.landing_builds (ended_at) where ended_at is not null;

-- cleared: its tree has passed, and it lands when those before it have. rejected: it goes back to its author.
alter table loom.landings drop constraint landings_state_check;
alter table loom.landings add constraint landings_state_check check (
  state in ('queued', 'testing', 'cleared', 'rejected', 'landing', 'landed', 'returned', 'left'));
-- What passed, and in which order those that passed land.
alter table loom.landings add column cleared_tree text;
alter table loom.landings add column cleared_order bigint;
-- Rises with each decision about it, so that it is told of each once.
alter table loom.landings add column decisions int not null default 0;
alter table loom.landings add column merge_sha text;
alter table loom.landings add column checks jsonb;

-- Several are tested at once now; the host is still asked for one after the other.
drop index loom.landings_one_turn;
create unique index landings_one_asked on loom.landings (repository, base_branch) where state = 'landing';
drop index loom.landings_waiting;
create index landings_waiting on loom.landings (repository, base_branch, place)
  where state in ('queued', 'testing', 'cleared', 'rejected', 'landing');
