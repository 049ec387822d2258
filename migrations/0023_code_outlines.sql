-- What a blob of code declares and imports, read once whatever the number of branches and forks that
-- hold it. A newer reader reads again.
create table loom.code_outlines (
  blob_sha text not null,
  language text not null,
  version  int not null,
  -- {definitions: [{name, kind, startLine, endLine, signature}], imports: [], uses: []}; null when it
  -- could not be read, for the reason beside it.
  outline  jsonb,
  problem  text,
  -- Names of the definitions, to find who declares one.
  names    text[] not null default '{}',
  constraint code_outlines_pkey primary key (blob_sha, language)
);
create index code_outlines_names on loom.code_outlines using gin (names);
