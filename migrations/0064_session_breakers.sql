-- The circuit breaker of each session: one small row, so that it survives a restart and any node can
-- take the next call. Times are the database's.
create table loom.session_breakers (
  session_id text primary key references loom.sessions (id),
  -- What the breaker remembers, bounded and packed: src/orchestration/breakers/codec.ts.
  state text not null,
  stage text not null default 'closed' check (stage in ('closed', 'turn-ended', 'session-ended')),
  -- Calls that are refused before they run. Few, and mostly none.
  guarded bigint[] not null default '{}',
  -- Limits of this session alone; null leaves those of the settings.
  budget jsonb,
  nudges int not null default 0,
  trips int not null default 0,
  tokens bigint not null default 0,
  cost_usd_micros bigint not null default 0,
  calls int not null default 0,
  updated_at timestamptz(3) not null default now()
) with (fillfactor = 50);

create table loom.breaker_trips (
  id text primary key,
  session_id text not null references loom.sessions (id),
  agent text not null,
  repository text,
  rule text not null,
  stage text not null check (stage in ('block-call', 'end-turn', 'end-session')),
  reason text not null,
  advice text not null,
  evidence int[] not null,
  step int not null,
  hand_over text,
  saved_tokens bigint not null,
  saved_cost_usd_micros bigint,
  saved_method text not null,
  tripped_at timestamptz(3) not null default now(),
  lifted_at timestamptz(3),
  lifted_by text
);
create index breaker_trips_newest on loom.breaker_trips (tripped_at desc, id desc);
create index breaker_trips_session on loom.breaker_trips (session_id, tripped_at desc);
