-- Who is away and who stands in meanwhile; and verdicts that were put aside in an emergency.

create table loom.absences (
  id text primary key,
  person_id text not null references loom.people (id),
  from_at timestamptz not null,
  to_at timestamptz not null,
  -- Who may consent in the person's place, in their own name.
  delegate_id text references loom.people (id),
  note text not null,
  created_by text not null,
  created_at timestamptz not null,
  cancelled_at timestamptz,
  constraint absences_span check (from_at < to_at),
  constraint absences_other_delegate check (delegate_id <> person_id)
);
create index absences_by_person on loom.absences (person_id, from_at desc);
create index absences_by_time on loom.absences (to_at) where cancelled_at is null;
create index absences_by_delegate on loom.absences (delegate_id, from_at)
  where delegate_id is not null;

create table loom.overrides (
  id text primary key,
  number bigint generated always as identity unique,
  change_id text not null,
  repository text not null,
  head_sha text not null,
  policy_version text not null,
  requested_by text not null references loom.people (id),
  reason text not null,
  ticket text,
  needs_second boolean not null,
  expires_ms bigint not null check (expires_ms > 0),
  report_to text,
  correlation_id text not null,
  requested_at timestamptz not null,
  confirmed_by text references loom.people (id),
  -- From here on it holds; null while a second person has not agreed.
  active_at timestamptz,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint overrides_two_people check (confirmed_by <> requested_by)
);
create index overrides_by_change on loom.overrides (change_id, head_sha, number desc);
-- Asking twice for one commit is one request.
create unique index overrides_one_open on loom.overrides (change_id, head_sha, requested_by)
  where active_at is null;
