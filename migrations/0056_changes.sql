-- Proposed changes as their host and their sessions tell of them.

create table loom.changes (
  id text primary key,
  repository text not null,
  host text not null,
  number int,
  branch text not null,
  base_branch text not null,
  base_sha text,
  head_sha text collate "C" not null,
  title text not null,
  body text not null default '',
  url text,
  author_name text not null,
  author_kind text not null check (author_kind in ('human', 'assisted', 'agent')),
  -- Who told of it on the host, and everyone whose hands it went through.
  author_identities text[] not null default '{}',
  custody text[] not null default '{}',
  state text not null check (state in ('open', 'merged', 'closed')),
  is_draft boolean not null default false,
  work_item_id text references loom.work_items (id),
  session_id text references loom.sessions (id),
  run_id text,
  lane text,
  merge_sha text collate "C",
  correlation_id text not null,
  -- The source's times of the newest word on the head and on the state: deliveries come in any order.
  head_at timestamptz(3) not null,
  state_at timestamptz(3) not null,
  opened_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  merged_at timestamptz(3),
  shipped_at timestamptz(3)
);
create unique index changes_by_number on loom.changes (host, repository, number)
  where number is not null;
-- A host without numbers goes by branch: one open change each; a merged branch may be used again.
create unique index changes_by_open_branch on loom.changes (host, repository, branch)
  where number is null and state = 'open';
create index changes_newest on loom.changes (opened_at desc, id desc);
create index changes_by_branch on loom.changes (repository, branch);
create index changes_by_head on loom.changes (head_sha);
create index changes_by_merge on loom.changes (merge_sha);
create index changes_by_session on loom.changes (session_id);
create index changes_by_work_item on loom.changes (work_item_id);
create index changes_unshipped on loom.changes (repository) where state = 'merged' and shipped_at is null;
