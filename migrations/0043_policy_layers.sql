-- The organisation's policy with all its versions, what a verdict's rules came from, and what shipped
-- alone on which day.

-- A version a leader published. The newest that is in force holds for every repository.
create table loom.organisation_policies (
  version bigint generated always as identity primary key,
  text text not null,
  author_id text not null,
  author_name text not null,
  reason text not null,
  -- proposed: another person has to agree first. A version that was in force stays `replaced`.
  state text not null check (state in ('proposed', 'active', 'replaced', 'withdrawn')),
  -- The version whose rules decided who has to agree; null for the first.
  judged_by bigint references loom.organisation_policies (version),
  proposed_at timestamptz not null,
  active_at timestamptz
);
create unique index organisation_policies_active on loom.organisation_policies ((true))
  where state = 'active';

create table loom.organisation_policy_approvals (
  version bigint not null references loom.organisation_policies (version),
  person_id text not null,
  person_name text not null,
  given_at timestamptz not null,
  primary key (version, person_id)
);

-- Catalog and organisation's file a version was compiled with; null: its text alone.
alter table loom.policy_versions add column sources jsonb;

-- One row per change, day and budget: what shipped alone under a grant. Counted under a lock, so that
-- two changes at once cannot both take the last place.
create table loom.autonomy_spending (
  repository text not null,
  day date not null,
  -- `autonomy.tier1 service:checkout`
  budget text not null,
  change_id text not null,
  decision_id text not null,
  primary key (repository, day, budget, change_id)
);
