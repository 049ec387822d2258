-- What a document is by its form (a decision in MADR or Nygard form, a proposal, a runbook, a
-- postmortem), what it says in its own fields, and on which line it names each path.
alter table loom.documents add column form text not null default 'page';
alter table loom.documents add column details jsonb not null default '{}';
alter table loom.documents add column mention_lines int[] not null default '{}';
