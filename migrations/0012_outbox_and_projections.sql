-- Calls to outside systems, left in the transaction that caused them and made after its commit.
create table loom.outbox_messages (
  id text collate "C" primary key,
  target text not null,
  payload jsonb not null,
  idempotency_key text not null,
  cause text,
  correlation_id text,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'dead')),
  -- When it may be tried next; while a worker has it, the end of that worker's lease.
  due_at timestamptz not null default now(),
  -- Counts leases, and so fences off a worker that lost its own.
  attempt int not null default 0,
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint outbox_messages_idempotency_key unique (idempotency_key)
);
create index outbox_messages_due on loom.outbox_messages (due_at) where state = 'pending';
create index outbox_messages_dead on loom.outbox_messages (ended_at) where state = 'dead';

-- How far each derived table has read the log. Its row lock lets several nodes share the work.
create table loom.projection_cursors (
  name text primary key,
  seq bigint not null default -1,
  updated_at timestamptz not null default now()
);
