-- Queue rows live for a fraction of a second. Without early vacuuming, readers of the front of the
-- queue would wade through the remains of everything that went before.
alter table loom.unsequenced_events set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000
);
