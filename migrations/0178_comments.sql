-- What people said on changes and work items at their hosts and trackers. Outside text: shown as quoted,
-- and handed to agents as data only.
create table loom.comments (
  system     text not null,
  -- The system's own id of it: `comment/12`, `review-comment/7`.
  object     text not null,
  -- What it is on: `acme/shop#12`, `SHOP-12`.
  subject    text not null,
  is_change  boolean not null,
  -- Null where its tracker's project is tied to none.
  repository text,
  -- `github:ada`, `email:ada@example.org`, in lower case; empty where the account is gone.
  author     text[] not null default '{}',
  author_name text,
  text       text not null,
  url        text,
  -- Of a comment on a line of code.
  path       text,
  line       int,
  written_at timestamptz not null,
  -- The system's time of this wording: what is older changes nothing.
  said_at    timestamptz not null,
  -- Deleted there. Its words are gone; only a wording newer than this brings it back.
  gone_at    timestamptz,
  primary key (system, object)
);
create index comments_subject on loom.comments (system, subject, written_at);
create index comments_repository on loom.comments (system, repository);
