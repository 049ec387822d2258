-- Breakers over many sessions: an agent kind or a repository where everything fails, a provider that
-- is away, reviewers who cannot keep up, two systems that answer each other. Times are the database's.
create table loom.fleet_breakers (
  scope text not null check (scope in ('agent', 'repository', 'provider', 'subject')),
  -- Name of the agent, of the repository, or of what is changed back and forth.
  key text not null,
  state text not null check (state in ('closed', 'open', 'half-open')),
  reason text not null default '',
  -- Openings without a success between; each doubles the wait.
  openings int not null default 0,
  changed_at timestamptz(3) not null default now(),
  -- Open: when a probe may start. Half-open: when the probe is given up. Null: only a person lifts it.
  until timestamptz(3),
  constraint fleet_breakers_key primary key (scope, key)
);
create index fleet_breakers_open on loom.fleet_breakers (changed_at desc) where state <> 'closed';

-- How each session ended, once per session.
create table loom.session_outcomes (
  session_id text primary key references loom.sessions (id),
  agent text not null,
  repository text,
  outcome text not null check (outcome in ('worked', 'failed', 'provider-trouble')),
  at timestamptz(3) not null default now()
);
create index session_outcomes_agent on loom.session_outcomes (agent, at);
create index session_outcomes_repository on loom.session_outcomes (repository, at);

-- Who changed one thing last, we or another system, and how often that turned within a window.
create table loom.subject_turns (
  subject text primary key,
  last_by text not null check (last_by in ('us', 'mirror')),
  turns int not null default 0,
  window_started_at timestamptz(3) not null default now()
) with (fillfactor = 70);
