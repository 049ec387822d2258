-- What agents shipped alone, what became of it, and what was halved because of it.

create table loom.autonomy_records (
  change_id text primary key,
  repository text not null,
  -- `-` where no agent wrote it.
  agent text not null,
  services text[] not null,
  -- The folders it touched: earned autonomy is counted by these.
  prefixes text[] not null,
  title text not null,
  merge_sha text not null,
  policy_version text not null,
  decision_id text not null,
  halve_for_ms bigint not null,
  scope text not null check (scope in ('service', 'repository')),
  deployment_ids text[] not null default '{}',
  landed_at timestamptz not null,
  reverted_at timestamptz,
  incidents int not null default 0
);
create index autonomy_records_by_agent on loom.autonomy_records (agent, repository, landed_at desc);
create index autonomy_records_by_title on loom.autonomy_records (repository, landed_at desc);
create index autonomy_records_by_deployment on loom.autonomy_records using gin (deployment_ids);

create table loom.autonomy_curbs (
  number bigint generated always as identity primary key,
  repository text not null,
  -- `*` is all of the repository.
  service text not null,
  change_id text not null references loom.autonomy_records (change_id),
  cause text not null check (cause in ('revert', 'rollback', 'incident')),
  -- What tells of it: an incident, a deployment, the change that took it back.
  cause_ref text not null,
  started_at timestamptz not null,
  until timestamptz not null,
  restored_at timestamptz,
  restored_by text,
  restored_name text,
  reason text,
  -- An incident told of twice halves once.
  constraint autonomy_curbs_once unique (change_id, service, cause, cause_ref)
);
create index autonomy_curbs_live on loom.autonomy_curbs (repository, until) where restored_at is null;
