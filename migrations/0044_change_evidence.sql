-- What else verdicts rest on: checks of the host, reviews by agents, and who deploys.

create table loom.host_checks (
  repository text not null,
  head_sha text collate "C" not null,
  source text not null,
  name text not null,
  conclusion text not null
    check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'neutral')),
  -- The source's time: a late delivery does not undo a newer result.
  concluded_at timestamptz(3) not null,
  primary key (repository, head_sha, source, name)
);

-- Evidence, never a consent: no person stands behind it. Changes and sessions are made by later
-- migrations, so nothing here can refer to them.
create table loom.agent_reviews (
  change_id text not null,
  head_sha text collate "C" not null,
  session_id text not null,
  decision text not null check (decision in ('approve', 'decline')),
  reason text not null,
  given_at timestamptz(3) not null default now(),
  -- The first word of a session on a commit stands.
  primary key (change_id, head_sha, session_id)
);

create table loom.deployers (
  repository text not null,
  -- `person:usr_…`, `github:ada`
  identity text not null,
  last_at timestamptz(3) not null,
  primary key (repository, identity)
);
