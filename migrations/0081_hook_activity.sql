-- When each agent's hooks were last heard of: `loom doctor` proves with it that they really fire.
create table loom.hook_activity (
  agent text primary key,
  event text not null,
  last_at timestamptz not null,
  events bigint not null default 1
);
