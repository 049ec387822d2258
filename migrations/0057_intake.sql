-- Signals as they arrive: written down first, acted upon at our pace.

create table loom.inbound_deliveries (
  source text not null,
  delivery_id text not null,
  received_at timestamptz(3) not null default now(),
  primary key (source, delivery_id)
);

-- Equal keys are one signal, however many deliveries tell of it. Kept apart from the inbox, so that
-- acted-upon signals may be cleared away without being taken for new ones later.
create table loom.signal_keys (
  dedupe_key text primary key
);

create table loom.inbox_signals (
  position bigint generated always as identity primary key,
  id text not null unique,
  event_id text not null,
  source text not null,
  type text not null,
  -- What it is about: signals of one subject are acted upon in order, others side by side.
  subject text not null,
  body jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'working', 'done', 'dead')),
  attempt int not null default 0,
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  error text,
  received_at timestamptz(3) not null default now(),
  handled_at timestamptz(3)
) with (fillfactor = 80);
create index inbox_signals_open on loom.inbox_signals (position) where state in ('pending', 'working');
create index inbox_signals_by_subject on loom.inbox_signals (subject, position)
  where state in ('pending', 'working');
create index inbox_signals_dead on loom.inbox_signals (position) where state = 'dead';
