-- When the source says an incident took the state it has. Reports come late and twice; the newest word
-- of the source counts, in whatever order the words arrive.
alter table loom.incidents add column state_at timestamptz;
