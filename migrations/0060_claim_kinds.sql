-- Claims on more than paths, what sessions tell each other, and work that is ranked and offered.

alter table loom.claims
  add column kind text not null default 'path'
    constraint claims_kind check (kind in ('intent', 'path', 'glob', 'symbol', 'resource', 'issue')),
  -- The pattern of a glob, the definition of a symbol.
  add column detail text collate "C" not null default '',
  -- Whether the session asked for it, or an edit took it along the way.
  add column origin text not null default 'declared'
    constraint claims_origin check (origin in ('declared', 'edit')),
  -- Of an intent: paths it will probably touch, each with a score between 0 and 1.
  add column predicted jsonb;
-- Added before the old one goes, so that at no moment nothing stands behind "one holder".
create unique index claims_one_holder_of_each on loom.claims (repository, kind, path, detail)
  where state = 'held' and strength = 'exclusive';
drop index loom.claims_one_holder;
-- One intent a session.
create unique index claims_one_intent on loom.claims (session_id)
  where state = 'held' and kind = 'intent';
-- What a session held last, and what others got since: asked at the gates.
create index claims_last_of_session on loom.claims (session_id, repository, path, fence);
create index claims_history on loom.claims (repository, path, fence);

alter table loom.sessions
  add column budget_tokens bigint,
  add column budget_usd_micros bigint,
  add column budget_minutes int,
  -- What kind of helper of its parent it is, as the agent names it.
  add column role text,
  add column end_reason text;
create index sessions_children on loom.sessions (parent_id) where parent_id is not null;

alter table loom.work_items
  add column priority smallint not null default 2
    constraint work_items_priority check (priority between 0 and 4),
  -- While this session lives, nobody else is given the item.
  add column offered_to text references loom.sessions (id);
drop index loom.work_items_next;
create index work_items_next on loom.work_items (priority desc, created_at, id) where state = 'open';

-- What a session is to hear at its next sign of life: given once.
create table loom.session_notes (
  number bigint generated always as identity primary key,
  session_id text not null references loom.sessions (id),
  kind text not null check (kind in ('free', 'hand-over', 'asked', 'split', 'stop', 'fenced', 'message')),
  from_session_id text references loom.sessions (id),
  body text not null,
  -- Equal notes to one session are one.
  dedupe_key text not null,
  created_at timestamptz(3) not null default now(),
  told_at timestamptz(3),
  constraint session_notes_once unique (session_id, dedupe_key)
);
create index session_notes_untold on loom.session_notes (session_id) where told_at is null;

-- Who waits for what. A row ends when the way is free, or its session is over.
create table loom.claim_waits (
  number bigint generated always as identity primary key,
  session_id text not null references loom.sessions (id),
  repository text not null,
  kind text not null,
  path text collate "C" not null,
  detail text collate "C" not null default '',
  since timestamptz(3) not null default now(),
  ended_at timestamptz(3)
);
create unique index claim_waits_once on loom.claim_waits (session_id, repository, kind, path, detail)
  where ended_at is null;
create index claim_waits_open on loom.claim_waits (repository) where ended_at is null;

-- Commits that were made under a lease somebody else had taken over by then.
create table loom.fenced_writes (
  repository text not null,
  head_sha text collate "C" not null,
  path text collate "C" not null,
  session_id text not null references loom.sessions (id),
  fence bigint not null,
  holder_session_id text not null references loom.sessions (id),
  holder_fence bigint not null,
  gate text not null check (gate in ('commit', 'push', 'merge')),
  found_at timestamptz(3) not null default now(),
  constraint fenced_writes_pkey primary key (repository, head_sha, path)
);
