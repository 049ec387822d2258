-- A change that somebody asked to keep from landing, whatever its verdict. At most one hold at a time.
create table loom.change_holds (
  change_id text primary key references loom.changes (id),
  held_by text not null,
  reason text not null default '',
  held_at timestamptz not null default now()
);
