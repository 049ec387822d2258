-- What channels were told, so that nobody is told twice and a question can be taken back in place; and
-- codes with which people tie a name elsewhere to their own account.

create table loom.sent_messages (
  messenger text not null,
  idempotency_key text not null,
  -- The assignment it asks about; null for other words.
  assignment_id text,
  external_id text not null,
  sent_at timestamptz not null default now(),
  primary key (messenger, idempotency_key)
);
create index sent_messages_assignment on loom.sent_messages (assignment_id) where assignment_id is not null;

create table loom.identity_codes (
  code_sha256 bytea primary key,
  identity text not null check (identity = lower(identity)),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index identity_codes_identity on loom.identity_codes (identity, created_at);
