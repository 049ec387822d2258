-- Packs are kept as the very text of their JSON, so that what was handed out can be shown byte for byte;
-- and what each session was told, so that a later pack of it sends only what is new.

alter table loom.context_packs
  add column body text,
  add column adds_to text,
  alter column pack drop not null;

-- Items got the names they have now; what was said stays as it was.
update loom.context_packs set body = (
  pack - 'items' || jsonb_build_object(
    'addsTo', null,
    'unchanged', '[]'::jsonb,
    'items', coalesce((
      select jsonb_agg(
        item - 'excerpt' - 'reason' - 'changedAt' || jsonb_build_object(
          'text', coalesce(item -> 'excerpt', '""'::jsonb),
          'observedAt', item -> 'changedAt',
          'ageDays', null,
          'why', jsonb_build_array(jsonb_build_object('signal', 'reason', 'evidence', item -> 'reason'))
        ) order by place)
      from jsonb_array_elements(pack -> 'items') with ordinality as listed (item, place)
    ), '[]'::jsonb))
)::text;
create index context_packs_content on loom.context_packs (content_hash);

create table loom.told_items (
  session_id    text not null,
  repository_id text not null,
  -- SHA-256 of what the item is about.
  key           text not null,
  item_id       text not null,
  -- What it said: another one is news.
  fingerprint   text not null,
  pack_id       text not null,
  primary key (session_id, repository_id, key)
);
create index told_items_item on loom.told_items (session_id, item_id);

-- A session hears of the rules of a path once.
create table loom.briefed_paths (
  session_id    text not null,
  repository_id text not null,
  path          text not null,
  briefed_at    timestamptz not null,
  primary key (session_id, repository_id, path)
);
