-- Deployments and incidents as outside systems report them, and the trace: a reading of the ledger
-- that can be thrown away and made again.

create table loom.deployments (
  id text primary key,
  repository text not null,
  environment text not null,
  sha text not null,
  status text not null check (status in ('started', 'succeeded', 'failed', 'rolled-back')),
  external_key text not null,
  url text,
  change_ids text[] not null default '{}',
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint deployments_external_key unique (repository, environment, external_key)
);
create index deployments_newest on loom.deployments (repository, environment, started_at desc, id);
create index deployments_page on loom.deployments (started_at desc, id desc);

create table loom.incidents (
  id text primary key,
  title text not null,
  severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
  state text not null check (state in ('open', 'resolved')),
  repository text,
  deployment_id text references loom.deployments (id),
  external_key text not null constraint incidents_external_key unique,
  url text,
  detected_at timestamptz not null,
  resolved_at timestamptz
);
create index incidents_page on loom.incidents (detected_at desc, id desc);

create table loom.trace_nodes (
  ref text primary key,
  kind text not null,
  title text not null,
  at timestamptz not null,
  correlation_id text not null
);
-- Abbreviated commits are looked up by prefix.
create index trace_nodes_prefix on loom.trace_nodes (ref text_pattern_ops);

create table loom.trace_edges (
  from_ref text not null,
  to_ref text not null,
  relation text not null,
  event_id text not null,
  primary key (from_ref, to_ref, relation)
);
create index trace_edges_backwards on loom.trace_edges (to_ref);
