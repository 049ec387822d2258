-- The last good workflow file of each repository: it stays in force while a newer one is refused.
create table loom.workflow_files (
  repository text not null,
  path text not null,
  source text not null,
  body text not null,
  -- Hash of a refused newer text, so that each is reported once.
  refused_sha256 text,
  refusal jsonb,
  updated_at timestamptz(3) not null default now(),
  primary key (repository, path)
);
