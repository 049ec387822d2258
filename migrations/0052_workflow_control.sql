-- Repeats, fan-outs, limits, pauses and undoing. All of it lives in columns that are null for steps
-- that use none of it, and none of it is asked for when such a step is claimed or completed.
alter table loom.runs drop constraint runs_state_check;
alter table loom.runs add constraint runs_state_check
  check (state in ('running', 'paused', 'done', 'failed', 'cancelled'));
alter table loom.runs add column deadline_at timestamptz;
-- Whether any step knows how to be undone; then a run that ends badly is followed by one that does.
alter table loom.runs add column has_undo boolean not null default false;
alter table loom.runs add column undo_of text;
alter table loom.runs add column undone_by text;
create index runs_with_deadline on loom.runs (deadline_at)
  where deadline_at is not null and state in ('running', 'paused');
-- For the archive, which takes the oldest first.
create index runs_by_end on loom.runs (ended_at) where ended_at is not null;

-- What only some steps have: how to back off, how to undo, what to repeat.
alter table loom.steps add column terms jsonb;
-- How far a step has come that grows others: which of them it waits for.
alter table loom.steps add column progress jsonb;
-- Its run is paused: one more in "unmet" keeps it blocked, an endless "due_at" keeps it unclaimed.
alter table loom.steps add column is_held boolean not null default false;
-- Taken up again from here by hand: another effect, hence another idempotency key.
alter table loom.steps add column redo int not null default 0;

-- A step with a limit has one more in "unmet", the gate, until it is admitted. Who is inside is
-- counted from the steps themselves, so a place cannot be lost with a process.
alter table loom.steps add column limit_key text;
alter table loom.steps add column limit_places int;
alter table loom.steps add column limit_rate int;
alter table loom.steps add column limit_window_ms int;
alter table loom.steps add column admitted_at timestamptz;
create index steps_at_gate on loom.steps (limit_key, cause)
  where limit_key is not null and admitted_at is null and state = 'blocked' and unmet = 1;
create index steps_inside on loom.steps (limit_key)
  where limit_key is not null and admitted_at is not null
    and state in ('blocked', 'ready', 'running', 'waiting');
create index steps_admitted on loom.steps (limit_key, admitted_at)
  where limit_rate is not null and admitted_at is not null;

-- Every graph a run was started with, by its hash: what it looked like does not follow the file.
create table loom.workflow_graphs (
  hash text primary key,
  name text not null,
  graph jsonb not null,
  stored_at timestamptz(3) not null default now()
);
