-- What the Context Layer knows of a repository: its default branch's history, the files in it with an
-- identity that survives renames, its documents, decisions, rules and catalog, and what was served.

create table loom.repositories (
  id             text primary key,
  name           text not null,
  host           text not null,
  -- Without credentials.
  url            text not null,
  default_branch text not null default '',
  head_sha       text,
  commit_count   int not null default 0,
  file_count     int not null default 0,
  state          text not null check (state in ('importing', 'ready', 'empty', 'failed')),
  problems       jsonb not null default '[]',
  imported_at    timestamptz,
  created_at     timestamptz not null,
  removed_at     timestamptz
);
create unique index repositories_name on loom.repositories (name) where removed_at is null;
create index repositories_created on loom.repositories (created_at, id) where removed_at is null;

-- First-parent history. `position` counts from the root, so it survives every push but a forced one.
create table loom.commits (
  repository_id text not null references loom.repositories (id) on delete cascade,
  position      int not null,
  sha           text not null,
  author_name   text not null,
  author_email  text not null,
  is_robot      boolean not null,
  committed_at  timestamptz not null,
  subject       text not null,
  body          text not null,
  file_count    int not null,
  primary key (repository_id, position)
);
create unique index commits_sha on loom.commits (repository_id, sha);

create table loom.files (
  repository_id  text not null references loom.repositories (id) on delete cascade,
  number         int not null,
  path           text not null,
  first_position int not null,
  last_position  int not null,
  change_count   int not null,
  is_alive       boolean not null,
  blob_sha       text,
  size           bigint not null default 0,
  class          text not null default 'other',
  -- First lines and signatures, as an agent would skim them.
  outline        text not null default '',
  primary key (repository_id, number)
);
-- Not unique: two files may swap names in one statement.
create index files_path on loom.files (repository_id, path);

create table loom.commit_files (
  repository_id text not null references loom.repositories (id) on delete cascade,
  position      int not null,
  file_number   int not null,
  -- Where the file was after this commit: a forced push goes back to it.
  path          text not null,
  status        text not null,
  primary key (repository_id, position, file_number)
);
create index commit_files_file on loom.commit_files (repository_id, file_number, position);

-- Documents at the tip. `kind` says how the text is to be read.
create table loom.documents (
  repository_id text not null references loom.repositories (id) on delete cascade,
  path          text not null,
  kind          text not null check (kind in ('document', 'decision', 'rule')),
  blob_sha      text not null,
  title         text not null,
  -- Rules: the path patterns they hold for.
  scope         text[] not null default '{}',
  -- Paths the text names, whether they exist or not.
  mentions      text[] not null default '{}',
  primary key (repository_id, path)
);
create index documents_kind on loom.documents (repository_id, kind);

create table loom.decision_records (
  repository_id text not null,
  path          text not null,
  status        text not null check (status in ('proposed', 'accepted', 'rejected', 'deprecated', 'superseded', 'unknown')),
  decided_on    text,
  supersedes    text[] not null default '{}',
  superseded_by text[] not null default '{}',
  primary key (repository_id, path),
  foreign key (repository_id, path) references loom.documents on delete cascade
);

create table loom.document_sections (
  repository_id text not null,
  number        int not null,
  path          text not null,
  ordinal       int not null,
  heading       text not null,
  start_line    int not null,
  end_line      int not null,
  text          text not null,
  primary key (repository_id, number),
  foreign key (repository_id, path) references loom.documents on delete cascade
);
create index document_sections_path on loom.document_sections (repository_id, path, ordinal);

create table loom.catalog_entities (
  repository_id text not null references loom.repositories (id) on delete cascade,
  kind          text not null,
  namespace     text not null,
  name          text not null,
  path          text not null,
  owner         text,
  definition    jsonb not null,
  primary key (repository_id, kind, namespace, name)
);

-- An inverted index in segments: a push adds one and buries what it replaces; many small ones are
-- merged. One row answers one term of one field, whatever the number of files.
create table loom.index_segments (
  repository_id text not null references loom.repositories (id) on delete cascade,
  field         text not null check (field in ('content', 'path', 'message', 'section')),
  segment       int not null,
  -- Items and their terms; a buried item is taken off the first segment, so that the sums are right.
  item_count    int not null,
  total_length  bigint not null,
  -- Items of this segment that are gone or newer elsewhere.
  buried        int[] not null default '{}',
  primary key (repository_id, field, segment)
);

create table loom.index_postings (
  repository_id text not null,
  field         text not null,
  term          text not null,
  segment       int not null,
  postings      bytea not null,
  primary key (repository_id, term, field, segment),
  foreign key (repository_id, field, segment) references loom.index_segments on delete cascade
);
create index index_postings_segment on loom.index_postings (repository_id, field, segment);

create table loom.lessons (
  id            text primary key,
  repository_id text not null references loom.repositories (id) on delete cascade,
  text          text not null,
  paths         text[] not null,
  session_id    text,
  actor_id      text not null,
  created_at    timestamptz not null
);
create index lessons_repository on loom.lessons (repository_id, created_at desc);

create table loom.context_packs (
  id            text primary key,
  repository_id text not null,
  session_id    text,
  work_item_id  text,
  content_hash  text not null,
  tokens        int not null,
  -- The whole pack with its text: what exactly was known, kept as it was handed out.
  pack          jsonb not null,
  created_at    timestamptz not null
);
create index context_packs_session on loom.context_packs (session_id, created_at desc);
