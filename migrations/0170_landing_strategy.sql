-- How a branch is landed on. serial: the very tree that will be there is tested. lanes: changes without a
-- package in common need not wait for each other's tests, and the branch itself is tested behind them.
alter table loom.landing_lanes add column strategy text not null default 'serial'
  check (strategy in ('serial', 'lanes'));
