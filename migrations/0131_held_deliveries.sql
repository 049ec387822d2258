-- What was to be said of a thing that we and another system change back and forth: kept until a person
-- closes the breaker. Of what is said over, the newest stands.
create table loom.held_deliveries (
  subject text not null,
  target text not null,
  -- One row for what replaces what was said before; each answer to somebody is one of its own.
  slot text not null default '',
  payload jsonb not null,
  idempotency_key text not null,
  cause text,
  correlation_id text,
  held_at timestamptz not null default now(),
  primary key (subject, target, slot)
);
create index held_deliveries_age on loom.held_deliveries (held_at);
