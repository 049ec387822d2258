-- What kind of change landed, where, and how risky it was said to be: each kind and tier keeps a
-- threshold of its own.
alter table loom.landed_outcomes
  add column change_class text not null default 'code'
    check (change_class in ('code', 'operations', 'docs-and-tests')),
  add column tiers text[] not null default '{}',
  add column score double precision;
create index landed_outcomes_by_class on loom.landed_outcomes (repository, change_class, landed_at desc);

-- Where the thresholds stand now. Counted from the outcomes; kept, so that every node and every start
-- judges by the same, and each move is told of once.
create table loom.autonomy_thresholds (
  repository text not null,
  -- `*` is every kind, or every tier.
  change_class text not null,
  tier text not null,
  bound_per_mille int,
  landed int not null default 0,
  shipped_alone int not null default 0,
  defects int not null default 0,
  slipped int not null default 0,
  tightening double precision not null default 1,
  -- Most points that ship alone, where past scores of harmful changes say so.
  ceiling int,
  alarm_since timestamptz,
  changed_at timestamptz not null,
  primary key (repository, change_class, tier)
);
