-- Passes: what an agent that a node started itself proves to us who it is with. No person has one.

create table loom.agent_passes (
  id text primary key,
  -- The step it works for: it is the operator of every session the agent opens.
  holder text not null,
  -- The only repository it may speak of.
  repository text not null,
  -- What the agent was started for.
  title text not null,
  work_item_id text,
  -- Names the node that started the agent: one that starts again has none left.
  node text not null,
  hint text not null,
  -- The secret itself is stored nowhere.
  secret_sha256 bytea not null constraint agent_passes_secret_key unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index agent_passes_open on loom.agent_passes (node, holder) where revoked_at is null;
