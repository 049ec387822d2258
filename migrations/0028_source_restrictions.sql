-- Knowledge that not everybody here may know of. Without a row a source is open to every reader.
create table loom.source_restrictions (
  id            text primary key,
  -- Null holds for every repository.
  repository_id text references loom.repositories (id) on delete cascade,
  system        text not null,
  prefix        text not null,
  teams         text[] not null,
  people        text[] not null,
  reason        text not null,
  created_by    text not null,
  created_at    timestamptz not null
);
create index source_restrictions_repository on loom.source_restrictions (repository_id);
