-- What people ask of a devbox that is open: under which ports it is reached, and what it takes of the disk.
alter table loom.devboxes add column ports jsonb not null default '{}';
alter table loom.devboxes add column disk_bytes bigint;
