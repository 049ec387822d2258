-- Tokens that sessions of agents were run with: whoever holds one may be the agent and not the person.

create table loom.session_tokens (
  token_id text primary key,
  session_id text not null references loom.sessions (id) on delete cascade,
  at timestamptz not null default now()
);
