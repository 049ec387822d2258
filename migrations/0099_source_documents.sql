-- Documents of systems that are no repository: wikis, folders, web pages, threads. Their sections lie in
-- the same kind of index as those of repositories, on one shelf of its own.

-- Who may know of a document, where that is not everybody who may read context. One row per set: an ACL
-- of the graph names it as `readers:<id>`.
create table loom.reader_sets (
  id         text primary key,
  -- Lower case: names of teams here, and identities such as `slack:u123`.
  teams      text[] not null,
  identities text[] not null
);

create table loom.source_documents (
  id            bigint generated always as identity primary key,
  system        text not null,
  scope         text not null,
  -- As in graph_sources: `<scope>:<id within the system>`.
  object        text not null,
  -- The repository it belongs to; null is of all.
  repository    text,
  kind          text not null check (kind in ('document', 'decision', 'thread')),
  form          text not null,
  path          text not null,
  title         text not null,
  url           text,
  revision      text not null,
  -- Of everything that was read of it: reading the same again changes nothing.
  content_hash  text not null,
  -- What the source's full list says of it; another mark and it is read again.
  mark          text,
  author        text,
  owner         text,
  readers       text references loom.reader_sets (id),
  -- `owner/name:path`, for paths of a known repository.
  mentions      text[] not null default '{}',
  status        text,
  supersedes    text[] not null default '{}',
  superseded_by text[] not null default '{}',
  updated_at    timestamptz not null,
  read_at       timestamptz not null,
  -- Deleted at its source, or closed to us there. Its text is gone; the graph knows that it was.
  gone_at       timestamptz,
  constraint source_documents_object unique (system, object)
);
create index source_documents_scope on loom.source_documents (system, scope);
create index source_documents_mentions on loom.source_documents using gin (mentions);

create table loom.source_sections (
  number      int generated always as identity primary key,
  document_id bigint not null references loom.source_documents (id) on delete cascade,
  ordinal     int not null,
  heading     text not null,
  start_line  int not null,
  end_line    int not null,
  text        text not null,
  constraint source_sections_place unique (document_id, ordinal)
);

-- The shelf of source documents is no repository.
alter table loom.index_segments drop constraint index_segments_repository_id_fkey;
