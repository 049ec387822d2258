-- Open work items that have changed since a workflow was looked for.
alter table loom.work_items add column considered_at timestamptz(3);
create index work_items_to_consider on loom.work_items (updated_at)
  where state = 'open' and (considered_at is null or considered_at < updated_at);
