-- Who is told of events over HTTP. The secret is kept, because each delivery is signed with it; it is shown
-- once, when it is made.

create table loom.webhook_subscriptions (
  id text primary key,
  number bigint generated always as identity unique,
  url text not null,
  -- Exact types, prefixes that end in a dot, or the star alone.
  event_types text[] not null,
  description text not null default '',
  secret text not null,
  -- Counts beside the new one until then, so that the receiver may change at leisure.
  previous_secret text,
  previous_until timestamptz,
  state text not null default 'active' check (state in ('active', 'paused')),
  paused_why text,
  created_by text not null,
  created_at timestamptz not null,
  failing_since timestamptz,
  last_success_at timestamptz,
  last_error text
);
create index webhook_subscriptions_active on loom.webhook_subscriptions (number) where state = 'active';
