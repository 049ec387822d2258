-- Lessons wait for a person's approval before any session hears them; what came of the changes of
-- sessions that heard them decides whether they stay.

alter table loom.lessons
  add column state text not null default 'candidate'
    check (state in ('candidate', 'approved', 'rejected', 'retired')),
  add column origin text not null default 'session'
    check (origin in ('session', 'person', 'review', 'revert')),
  -- What it was learnt from: comments, commits, sessions.
  add column evidence jsonb not null default '[]',
  -- Equal keys are one lesson: learnt again, it is counted.
  add column dedupe_key text,
  add column sightings int not null default 1,
  add column decided_by text,
  add column decided_at timestamptz,
  add column decision_reason text not null default '';
update loom.lessons set dedupe_key = id;
alter table loom.lessons alter column dedupe_key set not null;
create unique index lessons_once on loom.lessons (repository_id, dedupe_key);
create index lessons_state on loom.lessons (state, created_at desc, id desc);

-- Which session heard which lesson, the first time.
create table loom.lesson_uses (
  lesson_id  text not null references loom.lessons (id) on delete cascade,
  session_id text not null,
  pack_id    text not null,
  used_at    timestamptz not null,
  primary key (lesson_id, session_id)
);
create index lesson_uses_session on loom.lesson_uses (session_id);

-- What came of each change, as far as lessons are judged by it.
create table loom.change_outcomes (
  change_id  text primary key,
  repository text not null,
  session_id text,
  declines   int not null default 0,
  outcome    text check (outcome in ('accepted', 'rejected', 'reworked')),
  merge_sha  text,
  settled_at timestamptz
);
create index change_outcomes_session on loom.change_outcomes (session_id);
create index change_outcomes_merge on loom.change_outcomes (merge_sha);

-- What reviewers said, to see what they say again and again.
create table loom.review_remarks (
  id            text primary key,
  repository_id text not null references loom.repositories (id) on delete cascade,
  change_id     text not null,
  author        text not null,
  path          text,
  text          text not null,
  said_at       timestamptz not null
);
create index review_remarks_newest on loom.review_remarks (repository_id, said_at desc);
