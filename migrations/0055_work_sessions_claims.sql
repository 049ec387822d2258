-- Work items, agent sessions and path claims. Times are the database's, to the millisecond, so that
-- leases mean the same on every node and a page cursor can hold them exactly.

create table loom.work_items (
  id text primary key,
  repository text,
  title text not null,
  body text not null default '',
  labels text[] not null default '{}',
  state text not null check (state in ('open', 'in-progress', 'done', 'cancelled')),
  source text not null,
  external_key text,
  url text,
  -- Identities of whoever asked for it; they are in the custody of the changes that answer it.
  requesters text[] not null default '{}',
  session_id text,
  correlation_id text not null,
  -- When the source last said something, so that a late delivery does not undo a newer one.
  source_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint work_items_external_key unique (source, external_key)
);
create index work_items_newest on loom.work_items (created_at desc, id desc);
create index work_items_next on loom.work_items (created_at, id) where state = 'open';
create index work_items_held on loom.work_items (session_id) where state = 'in-progress';

create table loom.sessions (
  id text primary key,
  external_id text not null,
  agent text not null,
  model text,
  operator_id text,
  operator_name text,
  repository text,
  branch text,
  base_sha text,
  cwd text,
  intent text not null default '',
  work_item_id text references loom.work_items (id),
  parent_id text references loom.sessions (id),
  pack_id text,
  state text not null check (state in ('active', 'idle', 'ended', 'lost')),
  tool_calls int not null default 0,
  denied_calls int not null default 0,
  correlation_id text not null,
  started_at timestamptz(3) not null default now(),
  last_seen_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  constraint sessions_external_id unique (agent, external_id)
) with (fillfactor = 70);
-- No index holds last_seen_at: every tool call moves it, and such an update stays on its page.
create index sessions_newest on loom.sessions (started_at desc, id desc);
create index sessions_live on loom.sessions (id) where state in ('active', 'idle');
create index sessions_branch on loom.sessions (repository, branch);

alter table loom.work_items
  add constraint work_items_session foreign key (session_id) references loom.sessions (id);

-- One row per repository: it numbers the grants, and its lock puts them one after the other.
create table loom.claim_fences (
  repository text primary key,
  fence bigint not null
) with (fillfactor = 50);

create table loom.claims (
  id text primary key,
  session_id text not null references loom.sessions (id),
  repository text not null,
  -- Compared byte by byte, so that a folder is a range of the index.
  path text collate "C" not null,
  strength text not null check (strength in ('shared', 'exclusive')),
  fence bigint not null,
  state text not null check (state in ('held', 'released', 'expired')),
  intent text not null default '',
  granted_at timestamptz(3) not null default now(),
  lease_until timestamptz(3) not null,
  released_at timestamptz(3)
) with (fillfactor = 70);
-- The last word on "one holder": even a fault in the code above it cannot grant one path twice.
create unique index claims_one_holder on loom.claims (repository, path)
  where state = 'held' and strength = 'exclusive';
create index claims_by_path on loom.claims (repository, path) where state = 'held';
create index claims_by_session on loom.claims (session_id) where state = 'held';
create index claims_newest on loom.claims (granted_at desc, id desc);
