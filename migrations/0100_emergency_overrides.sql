-- An override changes the verdict, not what the queue tests; only an emergency, said so when it is
-- asked for, lands past the queue as well.
alter table loom.overrides add column is_emergency boolean not null default false;
