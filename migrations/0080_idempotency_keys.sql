-- First answers to writes that carried an Idempotency-Key, kept for a day and given again to the
-- same caller. A row without a status is a request still being worked on.
create table loom.idempotency_keys (
  caller text not null,
  key text not null,
  request_hash text not null,
  status int,
  content_type text,
  body text,
  started_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (caller, key)
);
create index idempotency_keys_expiry on loom.idempotency_keys (expires_at);
