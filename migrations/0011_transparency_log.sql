-- The transparency log over the events: RFC 6962 hashes in 256-wide tiles, signed checkpoints.

create table loom.log_leaves (
  -- Dense, from 0, in commit order: the order every reader follows.
  seq bigint primary key check (seq >= 0),
  position bigint not null,
  event_id text collate "C" not null,
  -- The exact bytes under the leaf hash.
  entry bytea not null,
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  constraint log_leaves_position_key unique (position)
);

create table loom.log_tiles (
  level smallint not null check (level between 0 and 7),
  index bigint not null check (index >= 0),
  width smallint not null check (width between 1 and 256),
  hashes bytea not null,
  primary key (level, index),
  check (length(hashes) = width * 32)
);

create table loom.log_keys (
  id bigint generated always as identity primary key,
  -- The origin of the log, which is also the name in its signatures.
  name text not null,
  -- The 32 bytes of the Ed25519 public key.
  public_key bytea not null unique check (length(public_key) = 32),
  -- PKCS#8 PEM; null when the key lives in a file outside the database.
  private_key text,
  created_at timestamptz not null default now()
);

create table loom.log_checkpoints (
  -- Dense, from 1, so that a missing one shows.
  number bigint primary key check (number >= 1),
  size bigint not null unique check (size >= 0),
  root bytea not null check (length(root) = 32),
  note text not null,
  signed_at timestamptz not null
);

create trigger append_only before update or delete or truncate on loom.log_leaves
  for each statement execute function loom.refuse_change();
create trigger append_only before update or delete or truncate on loom.log_checkpoints
  for each statement execute function loom.refuse_change();
create trigger append_only before delete or truncate on loom.log_tiles
  for each statement execute function loom.refuse_change();

-- A tile may only grow at its end until it is complete.
create function loom.refuse_tile_change() returns trigger language plpgsql as $$
begin
  if new.level = old.level and new.index = old.index and new.width > old.width
    and substring(new.hashes for length(old.hashes)) = old.hashes then
    return new;
  end if;
  raise exception 'loom.log_tiles is append-only: tile %/% may only grow', old.level, old.index
    using errcode = 'insufficient_privilege',
      hint = 'Tiles are derived from log_leaves; `loom audit verify` shows whether they agree.';
end $$;
create trigger only_grows before update on loom.log_tiles
  for each row execute function loom.refuse_tile_change();

-- A payload may only go when the log says so.
create function loom.refuse_silent_erasure() returns trigger language plpgsql as $$
begin
  if exists (
    select from loom.log_leaves l join loom.events r on r.redacts_seq = l.seq
    where l.position = old.position
  ) then
    return old;
  end if;
  raise exception 'loom.event_payloads is append-only: delete without payload.redacted is refused'
    using errcode = 'insufficient_privilege',
      hint = 'Redact the payload, which appends payload.redacted in the same transaction.';
end $$;
create trigger erased_openly before delete on loom.event_payloads
  for each row execute function loom.refuse_silent_erasure();
