-- The graph: what is related to what, by whose word, when it held and when we knew. A source object
-- (a document, a manifest, a pull request) states all its facts at once, at a revision; rows of
-- graph_assertions are folded from the statements of one object and can be made again from them.

create table loom.graph_entities (
  id   bigint generated always as identity primary key,
  kind text not null,
  -- Stable within its kind: `acme/shop:src/a.ts@1f0c…`, `default/checkout`, `email:ada@example.org`.
  key  text not null,
  constraint graph_entities_key unique (kind, key)
);

-- An edge is its key; that it holds is said by its assertions. `slot` tells apart what one pair may be
-- to each other in several ways, such as by path pattern.
create table loom.graph_edges (
  id      bigint generated always as identity primary key,
  kind    text not null,
  from_id bigint not null references loom.graph_entities (id),
  to_id   bigint not null references loom.graph_entities (id),
  slot    text not null default '',
  constraint graph_edges_key unique (from_id, kind, to_id, slot)
);
create index graph_edges_to on loom.graph_edges (to_id, kind);

-- One object of an outside or inside system. The row is locked while statements about it are folded.
create table loom.graph_sources (
  id           bigint generated always as identity primary key,
  system       text not null,
  object       text not null,
  -- What is withdrawn or listed together: a repository, a channel.
  scope        text not null,
  -- Whoever may read this may know what the object states: `repository:acme/shop`, `organisation`.
  acl          text not null,
  -- Of the newest statement in force, so that saying the same again is noticed cheaply.
  ordinal      bigint not null default -1,
  revision     text,
  payload_hash text,
  is_gone      boolean not null default false,
  constraint graph_sources_object unique (system, object)
);
create index graph_sources_scope on loom.graph_sources (system, scope);

-- Append-only. `ordinal` is the order of the source itself (position in history, time of update), so
-- that arrival does not matter. No facts: the object is gone. Null facts: erased, the hash stays.
create table loom.graph_statements (
  id                bigint generated always as identity primary key,
  source_id         bigint not null references loom.graph_sources (id) on delete cascade,
  revision          text not null,
  payload_hash      text not null,
  ordinal           bigint not null,
  stated_at         timestamptz not null,
  extractor         text not null,
  extractor_version int not null,
  facts             jsonb,
  recorded_at       timestamptz not null,
  -- History that was rewritten never was.
  withdrawn_at      timestamptz,
  constraint graph_statements_key unique (source_id, revision, payload_hash, ordinal)
);

-- One row per edge, source and time it held. `valid`: true in the world; `seen`: known to us. A row is
-- never changed but to end `seen`.
create table loom.graph_assertions (
  id                bigint generated always as identity primary key,
  edge_id           bigint not null references loom.graph_edges (id),
  source_id         bigint not null references loom.graph_sources (id) on delete cascade,
  valid             tstzrange not null,
  seen              tstzrange not null,
  revision          text not null,
  -- When that revision was made: how fresh the word is.
  confirmed_at      timestamptz not null,
  extractor         text not null,
  extractor_version int not null,
  method            text not null check (method in ('declared', 'parsed', 'derived', 'model')),
  confidence        real not null check (confidence between 0 and 1),
  acl               text not null,
  -- Path and lines, or a link.
  evidence          jsonb,
  properties        jsonb not null default '{}'
);
create unique index graph_assertions_known on loom.graph_assertions (edge_id, source_id, lower(valid))
  where upper_inf(seen);
create index graph_assertions_edge on loom.graph_assertions (edge_id);
create index graph_assertions_source on loom.graph_assertions (source_id) where upper_inf(seen);

-- How far each source was read, and what could not be read of it.
create table loom.graph_cursors (
  source     text primary key,
  cursor     jsonb not null,
  -- [{reason, count, examples}]: said, not hidden.
  skipped    jsonb not null default '[]',
  updated_at timestamptz not null
);

create index graph_sources_acl on loom.graph_sources (acl);
create index graph_edges_kind on loom.graph_edges (kind) where kind in ('supersedes', 'contradicts', 'same_as', 'distinct_from');
