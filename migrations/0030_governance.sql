-- People, their identities, tokens, login codes, and consents to changes.

create table loom.people (
  id text primary key,
  -- Lists are read in this order; ids made in one millisecond have none.
  number bigint generated always as identity unique,
  name text not null,
  roles text[] not null,
  teams text[] not null,
  -- Two nodes that start at once both try to make the owner; the unique key below lets one.
  is_owner boolean not null default false,
  created_at timestamptz not null
);
create unique index people_owner_key on loom.people (is_owner) where is_owner;

create table loom.person_identities (
  identity text primary key check (identity = lower(identity)),
  person_id text not null references loom.people (id),
  created_at timestamptz not null
);
create index person_identities_person on loom.person_identities (person_id);

create table loom.tokens (
  id text primary key,
  number bigint generated always as identity unique,
  person_id text not null references loom.people (id),
  name text not null,
  kind text not null check (kind in ('api', 'agent', 'session')),
  -- Null means every right of the person.
  scopes text[],
  hint text not null,
  -- The secret itself is stored nowhere.
  secret_sha256 bytea not null constraint tokens_secret_key unique,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index tokens_person on loom.tokens (person_id, number desc);

create table loom.login_codes (
  code_sha256 bytea primary key,
  person_id text not null references loom.people (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

create table loom.approvals (
  id text primary key,
  number bigint generated always as identity unique,
  change_id text not null,
  head_sha text not null,
  policy_version text not null,
  person_id text not null references loom.people (id),
  decision text not null check (decision in ('approve', 'decline')),
  reason text not null,
  state text not null default 'valid' check (state in ('valid', 'void')),
  given_at timestamptz not null,
  voided_at timestamptz,
  -- A double click is one consent.
  constraint approvals_once_key unique (change_id, head_sha, policy_version, person_id, decision)
);
create index approvals_change on loom.approvals (change_id, number);
