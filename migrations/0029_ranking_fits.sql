-- Weights of the ranking, fitted to the organisation's own merged changes. Every attempt is kept with what
-- it measured; at most one is in force, and without one the weights that ship are.
create table loom.ranking_fits (
  id text primary key,
  version integer not null unique,
  state text not null constraint ranking_fits_state check (
    state in ('running', 'in-force', 'not-better', 'replaced', 'withdrawn', 'failed')),
  started_at timestamptz not null,
  finished_at timestamptz,
  started_by text not null,
  -- The node at work says so now and then; one that died is passed over.
  alive_at timestamptz not null,
  done integer not null default 0,
  total integer not null default 0,
  -- First-parent commits of all repositories when it began: what has landed since decides when the next is due.
  commits integer not null,
  repositories jsonb not null default '[]',
  measures jsonb not null default '[]',
  -- The shipped weights it began with: those of another release have other columns.
  based_on text not null,
  weights jsonb,
  reason text
);
create unique index ranking_fits_one_running on loom.ranking_fits (state) where state = 'running';
create unique index ranking_fits_one_in_force on loom.ranking_fits (state) where state = 'in-force';
