-- Pairs of open changes and sessions that get in each other's way, and what was looked at when.

create table loom.collisions (
  id text primary key,
  repository text not null,
  -- The two sides by id, the smaller first: one row per pair, however often it is found.
  a text collate "C" not null,
  b text collate "C" not null,
  sides jsonb not null,
  level text not null check (level in ('intent', 'path', 'symbol', 'lines', 'merge')),
  paths text[] not null default '{}',
  symbols text[] not null default '{}',
  hunks jsonb not null default '[]',
  why text not null,
  state text not null check (state in ('open', 'cleared')),
  clear_reason text,
  -- A pair is told of once per level, whatever happens in between.
  told_levels text[] not null default '{}',
  is_alerted boolean not null default false,
  -- Sessions that have heard of it.
  told_sessions text[] not null default '{}',
  found_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  cleared_at timestamptz(3),
  constraint collisions_pair unique (a, b)
);
create index collisions_newest on loom.collisions (found_at desc, id desc);
create index collisions_open_a on loom.collisions (a) where state = 'open';
create index collisions_open_b on loom.collisions (b) where state = 'open';
create index collisions_open on loom.collisions (repository) where state = 'open';

-- The state in which a side was last compared with its neighbours.
create table loom.collision_marks (
  party text primary key,
  repository text not null,
  mark text not null,
  checked_at timestamptz(3) not null default now()
) with (fillfactor = 70);
create index collision_marks_by_repository on loom.collision_marks (repository);

create index changes_open on loom.changes (repository, opened_at desc, id desc) where state = 'open';
