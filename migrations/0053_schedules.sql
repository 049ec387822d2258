-- Schedules of workflow files. Whoever locks a due row fires it and sets its next time in one commit,
-- so each firing is one run on any number of nodes.
create table loom.schedules (
  repository text not null,
  workflow text not null,
  -- Which of the schedules of its file.
  number int not null,
  spec jsonb not null,
  next_at timestamptz(3),
  fired int not null default 0,
  last_run_id text,
  -- Why it fires no more.
  stopped text,
  primary key (repository, workflow, number)
);
create index schedules_due on loom.schedules (next_at) where next_at is not null and stopped is null;
