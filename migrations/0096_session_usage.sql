-- What agents report of themselves by OpenTelemetry: tokens, money and counts, never a text. Sources are
-- several views of one spend, so each is summed apart and the largest counts.
create table loom.session_usage (
  -- Whose token the report came with: nobody adds to the spend of somebody else's session.
  person_id text not null,
  agent text not null,
  -- The agent's own id of its session, as its hooks tell it.
  external_id text not null,
  source text not null check (source in ('logs', 'spans', 'metrics')),
  model text not null,
  day date not null,
  -- As the resource attribute loom.work_item says.
  work_item_id text,
  requests bigint not null default 0,
  errors bigint not null default 0,
  tool_calls bigint not null default 0,
  tool_errors bigint not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cache_read_tokens bigint not null default 0,
  cache_write_tokens bigint not null default 0,
  cost_usd_micros bigint not null default 0,
  -- Requests whose cost nobody said and no price of ours covers.
  unpriced_requests bigint not null default 0,
  first_at timestamptz(3) not null default now(),
  last_at timestamptz(3) not null default now(),
  primary key (agent, external_id, person_id, source, model, day)
) with (fillfactor = 70);
create index session_usage_day on loom.session_usage (day);

-- Exporters send a batch again when no answer came; the same bytes count once.
create table loom.telemetry_batches (
  digest bytea primary key,
  received_at timestamptz not null default now()
);
create index telemetry_batches_age on loom.telemetry_batches (received_at);

-- What telemetry told of a session, beside what its breaker counted from hooks: the larger is its spend.
alter table loom.session_breakers
  add column told_tokens bigint not null default 0,
  add column told_cost_usd_micros bigint not null default 0;
