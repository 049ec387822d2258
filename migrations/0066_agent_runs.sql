-- Devboxes in which agents work, and the runs of agents in them. Times are the database's.

create table loom.devboxes (
  id text primary key,
  repository text not null,
  branch text not null,
  base_sha text not null,
  -- Newest commit that was brought back; the base while there is none.
  head_sha text not null,
  -- open: somebody works in it. kept: it is gone and its work is on the branch. empty: gone, nothing was
  -- made. lost: its folder went away under the session.
  state text not null check (state in ('open', 'kept', 'empty', 'lost')),
  run_id text,
  step_name text,
  session_id text references loom.sessions (id),
  -- The node whose disk it is on.
  node text not null,
  was_warm boolean not null,
  ready_ms int not null,
  created_at timestamptz(3) not null default now(),
  ended_at timestamptz(3)
);
create index devboxes_newest on loom.devboxes (created_at desc, id desc);
create index devboxes_open on loom.devboxes (node) where state = 'open';
create index devboxes_of_step on loom.devboxes (run_id, step_name);

-- One row per step that runs an agent: it is taken up again after sleep, a crash or rework.
create table loom.agent_runs (
  run_id text not null,
  step_name text not null,
  agent text not null,
  model text,
  state text not null check (state in ('running', 'asleep', 'done', 'stopped', 'failed')),
  -- How often a process was started for it.
  starts int not null default 0,
  session_id text references loom.sessions (id),
  -- The agent's own id of its conversation, to take it up again.
  external_id text,
  branch text not null,
  base_sha text not null,
  head_sha text not null,
  input_tokens bigint not null default 0,
  cached_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  -- Null while the agent has not said and no price was given.
  cost_usd_micros bigint,
  tool_calls int not null default 0,
  work_ms bigint not null default 0,
  exit_code int,
  error_code text,
  -- The end of what it said, masked.
  output text not null default '',
  answer text not null default '',
  handover text,
  wake_at timestamptz(3),
  started_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  primary key (run_id, step_name)
);
create index agent_runs_newest on loom.agent_runs (started_at desc);
