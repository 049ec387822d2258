-- What the system of a work item was told of it, and the state as that system calls it.

alter table loom.work_items add column status text;

create table loom.work_item_mirrors (
  work_item_id text primary key references loom.work_items (id),
  -- The talk in which we were asked for it there.
  thread text,
  -- What its system was told last, so that nothing is told twice.
  state text,
  comment_sha256 text,
  links text[] not null default '{}',
  -- Revisions that writes of ours made: when they come back they are no news.
  revisions text[] not null default '{}',
  -- Moves within the hour that began then: a mirror that answers a mirror is stopped.
  moves int not null default 0,
  moves_since timestamptz,
  held_at timestamptz,
  -- One node at a time speaks of an item.
  busy_until timestamptz
);
