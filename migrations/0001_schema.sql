-- The schema every table of ours lives in is made by the runner itself.
comment on schema loom is 'LoomStack';
