-- How far the reading of what an outside system knows is, for each repository, space or channel of it,
-- and what it gave: what people see who wait for a first reading.
create table loom.knowledge_readings (
  system      text not null,
  scope       text not null,
  state       text not null check (state in ('reading', 'read', 'failed')),
  -- Part of the system being read, the way it is read, and why not a quicker one.
  stream      text,
  via         text check (via in ('graphql', 'rest')),
  why         text,
  -- Objects of that part, where the system says, and how many of it were told so far.
  total       int,
  told        int not null default 0,
  -- Objects we know, by kind; as of the end of the last whole reading.
  objects     jsonb not null default '{}',
  pages       bigint not null default 0,
  started_at  timestamptz not null,
  updated_at  timestamptz not null,
  finished_at timestamptz,
  error       text,
  primary key (system, scope)
);
