-- What is known of each connection to an outside system, across nodes and restarts: whether it is paused,
-- when it was last heard of, and what went wrong. Settings and secrets are not here.
create table loom.connections (
  name text primary key,
  paused_at timestamptz,
  paused_by text,
  pause_reason text,
  last_event_at timestamptz,
  last_success_at timestamptz,
  last_error_at timestamptz,
  last_error_code text,
  last_error text,
  deliveries bigint not null default 0,
  duplicates bigint not null default 0,
  refused bigint not null default 0,
  signals bigint not null default 0,
  objects bigint not null default 0,
  rate jsonb,
  constraint connections_pause_is_whole check (
    (paused_at is null) = (paused_by is null)
  )
);

-- Where the next sweep of each scope goes on. `due_at` is moved before a sweep begins, so that only one
-- node reads a scope at a time.
create table loom.connection_sweeps (
  connection text not null,
  scope text not null,
  cursor text,
  due_at timestamptz not null default now(),
  swept_at timestamptz,
  error text,
  primary key (connection, scope)
);
