-- What is known of the agents people use: when each last spoke to us, from where and in which version,
-- and what `loom attach` reported. It takes the place of loom.hook_activity, which knew agents only.
create table loom.agent_events (
  agent text not null,
  person_id text not null,
  -- As the work tree names it; empty outside of one.
  repository text not null default '',
  -- The agent's own word for it; `mcp` for its tools.
  event text not null,
  version text,
  last_at timestamptz not null,
  events bigint not null default 1,
  primary key (agent, person_id, repository, event)
);

create table loom.agent_attachments (
  agent text not null,
  person_id text not null,
  -- Empty for what was attached for all of a person's work.
  repository text not null default '',
  version text,
  attached_at timestamptz not null,
  detached_at timestamptz,
  primary key (agent, person_id, repository)
);
