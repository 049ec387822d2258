-- What landed and what came of it, by UTC day: a year of it is the sum of at most 366 rows for each kind and
-- tier, however many changes land. Kept by a trigger, so that nodes of every version count alike.
create table loom.landed_days (
  repository text not null,
  -- `*` is every kind, or every tier.
  change_class text not null,
  tier text not null,
  day date not null,
  landed int not null default 0,
  shipped_alone int not null default 0,
  defects int not null default 0,
  slipped int not null default 0,
  audited int not null default 0,
  audited_risky int not null default 0,
  primary key (repository, change_class, tier, day)
);

insert into loom.landed_days
select o.repository, p.change_class, p.tier, (o.landed_at at time zone 'UTC')::date, count(*),
  count(*) filter (where o.shipped_alone), count(o.defect_at),
  count(o.defect_at) filter (where o.shipped_alone),
  count(*) filter (where o.audit in ('fine', 'risky')), count(*) filter (where o.audit = 'risky')
from loom.landed_outcomes o
cross join lateral (
  select '*' as change_class, '*' as tier
  union select o.change_class, '*'
  union select o.change_class, tier from unnest(o.tiers) as tier
) p
group by 1, 2, 3, 4;

create function loom.count_landed() returns trigger language plpgsql as $$
declare
  more_landed int := (tg_op = 'INSERT')::int;
  more_defects int := (new.defect_at is not null)::int;
  more_audited int := coalesce(new.audit in ('fine', 'risky'), false)::int;
  more_risky int := coalesce(new.audit = 'risky', false)::int;
begin
  if tg_op = 'UPDATE' then
    more_defects := more_defects - (old.defect_at is not null)::int;
    more_audited := more_audited - coalesce(old.audit in ('fine', 'risky'), false)::int;
    more_risky := more_risky - coalesce(old.audit = 'risky', false)::int;
  end if;
  insert into loom.landed_days as d (repository, change_class, tier, day, landed, shipped_alone,
    defects, slipped, audited, audited_risky)
  select new.repository, p.change_class, p.tier, (new.landed_at at time zone 'UTC')::date,
    more_landed, more_landed * new.shipped_alone::int,
    more_defects, more_defects * new.shipped_alone::int, more_audited, more_risky
  from (
    select '*' as change_class, '*' as tier
    union select new.change_class, '*'
    union select new.change_class, tier from unnest(new.tiers) as tier
  ) p
  order by 2, 3
  on conflict (repository, change_class, tier, day) do update set
    landed = d.landed + excluded.landed, shipped_alone = d.shipped_alone + excluded.shipped_alone,
    defects = d.defects + excluded.defects, slipped = d.slipped + excluded.slipped,
    audited = d.audited + excluded.audited, audited_risky = d.audited_risky + excluded.audited_risky;
  return null;
end $$;
create trigger landed_outcomes_counted after insert or update of defect_at, audit
  on loom.landed_outcomes for each row execute function loom.count_landed();

-- Scores of harmful changes are few; they are read without the rest.
create index landed_outcomes_harmful on loom.landed_outcomes (repository, change_class, landed_at)
  where defect_at is not null and score is not null;

-- What shipped alone landed, and is described there. Older nodes still write these columns; nobody reads them.
alter table loom.autonomy_records alter column repository drop not null,
  alter column title drop not null, alter column merge_sha drop not null,
  alter column landed_at drop not null;
