-- What became of every change that landed through us: shipped alone or with people, harmful or not.
-- The realised slip is counted from these, and a sample of what shipped alone waits here for a look.
create table loom.landed_outcomes (
  change_id text primary key,
  repository text not null,
  title text not null,
  merge_sha text not null,
  shipped_alone boolean not null,
  -- The bound that was declared when it landed; null where the policy named none.
  bound_per_mille int,
  deployment_ids text[] not null default '{}',
  landed_at timestamptz not null,
  defect_at timestamptz,
  defect_cause text check (defect_cause in ('revert', 'rollback', 'incident', 'fix', 'audit')),
  defect_ref text,
  audit text check (audit in ('open', 'fine', 'risky')),
  audited_by text,
  audited_name text,
  audit_reason text,
  audited_at timestamptz
);
create index landed_outcomes_newest on loom.landed_outcomes (repository, landed_at desc);
create index landed_outcomes_by_commit on loom.landed_outcomes (merge_sha);
create index landed_outcomes_by_deployment on loom.landed_outcomes using gin (deployment_ids);
create index landed_outcomes_to_audit on loom.landed_outcomes (landed_at) where audit = 'open';

insert into loom.landed_outcomes (change_id, repository, title, merge_sha, shipped_alone, deployment_ids,
  landed_at, defect_at, defect_cause)
select change_id, repository, title, merge_sha, true, deployment_ids, landed_at, reverted_at,
  case when reverted_at is null then null else 'revert' end
from loom.autonomy_records;

-- A repository where more slipped than was declared, until the figures say otherwise.
create table loom.bound_alarms (
  number bigint generated always as identity primary key,
  repository text not null,
  raised_at timestamptz not null,
  cleared_at timestamptz
);
create unique index bound_alarms_open on loom.bound_alarms (repository) where cleared_at is null;
