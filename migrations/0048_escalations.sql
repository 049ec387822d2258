-- Who was asked to judge a change, what they were shown, and what they have promised to watch.
-- Changes and sessions have tables of a later number, so they are only named here.

-- Byte for byte what somebody was shown, by its hash.
create table loom.escalation_packages (
  sha256 text primary key,
  body text not null,
  created_at timestamptz not null
);

create table loom.assignments (
  id text primary key,
  number bigint generated always as identity unique,
  change_id text not null,
  repository text not null,
  head_sha text not null,
  decision_id text not null,
  -- The seat of a requirement; one person is named for it at a time.
  slot text not null,
  sources text[] not null,
  person_id text not null references loom.people (id),
  stands_in_for text references loom.people (id),
  via text not null,
  reasons text[] not null,
  -- Who is asked after whom; `place` is how far it has been walked.
  plan jsonb not null,
  place int not null,
  state text not null
    check (state in ('open', 'acknowledged', 'decided', 'handed-over', 'closed')),
  package_sha256 text not null references loom.escalation_packages (sha256),
  ack_within_ms bigint not null check (ack_within_ms > 0),
  max_open int,
  -- When it goes to the next person; null once nobody is left.
  due_at timestamptz,
  decision text,
  ended_why text,
  correlation_id text not null,
  created_at timestamptz not null,
  acknowledged_at timestamptz,
  ended_at timestamptz
);
-- The last word on "one named person at a time", and on nobody filling two seats of one change.
create unique index assignments_one_per_slot on loom.assignments (change_id, slot)
  where state in ('open', 'acknowledged');
create unique index assignments_one_per_person on loom.assignments (change_id, person_id)
  where state in ('open', 'acknowledged');
create index assignments_open on loom.assignments (person_id, number desc)
  where state in ('open', 'acknowledged');
create index assignments_due on loom.assignments (due_at)
  where state in ('open', 'acknowledged') and due_at is not null;
create index assignments_by_change on loom.assignments (change_id, number);
create index assignments_by_person on loom.assignments (person_id, number desc);

-- An approval with watch: somebody looks after the change once it has landed.
create table loom.watches (
  change_id text primary key,
  head_sha text not null,
  watcher_id text not null references loom.people (id),
  hours int not null check (hours between 1 and 336),
  asked_at timestamptz not null,
  -- Set when the change lands.
  ends_at timestamptz,
  state text not null default 'promised' check (state in ('promised', 'watching', 'over', 'void'))
);
create index watches_live on loom.watches (state) where state in ('promised', 'watching');

-- What a reviewer wants of the agent; told to its session once, and kept with the work item.
create table loom.returned_notes (
  number bigint generated always as identity primary key,
  change_id text not null,
  head_sha text not null,
  session_id text,
  person_name text not null,
  note text not null,
  created_at timestamptz not null,
  told_at timestamptz,
  constraint returned_notes_once unique (change_id, head_sha)
);
create index returned_notes_untold on loom.returned_notes (session_id) where told_at is null;
