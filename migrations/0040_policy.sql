-- Decisions, the policies they were made under, and the policy texts that were refused.

create table loom.policy_versions (
  repository text not null,
  version text not null,
  -- Kept so that any past decision can be made again.
  text text not null,
  source_commit text not null,
  accepted_at timestamptz not null,
  primary key (repository, version)
);

-- The last good policy of a repository; it stays in force while a newer text is refused.
create table loom.active_policies (
  repository text primary key,
  version text not null,
  source_commit text not null,
  activated_at timestamptz not null,
  foreign key (repository, version) references loom.policy_versions (repository, version)
);

create table loom.refused_policies (
  repository text not null,
  text_sha256 text not null,
  source_commit text not null,
  problems jsonb not null,
  refused_at timestamptz not null,
  primary key (repository, text_sha256)
);

create sequence loom.decision_position;
create table loom.decisions (
  id text primary key,
  -- Newest first is by this; a decision that holds again moves to the front.
  position bigint not null default nextval('loom.decision_position') unique,
  change_id text not null,
  repository text not null,
  base_sha text not null,
  head_sha text not null,
  policy_version text not null,
  policy_source text not null,
  -- SHA-256 over the facts: equal questions have one answer.
  inputs_sha256 text not null,
  lane text not null,
  outcome text not null check (outcome in ('ship', 'escalate', 'block')),
  rules jsonb not null,
  score int not null,
  factors jsonb not null,
  missing jsonb not null,
  facts jsonb not null,
  decided_at timestamptz not null,
  constraint decisions_once_key unique (change_id, head_sha, policy_version, inputs_sha256)
);
create index decisions_change on loom.decisions (change_id, position desc);
