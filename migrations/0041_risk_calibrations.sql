-- What the history of each repository last taught the risk model. The history itself is git's: every
-- node reads it anew, and this row says how far the newest fit went.
create table loom.risk_calibrations (
  repository text primary key,
  model text not null,
  through_sha text not null,
  changes integer not null,
  known_defects integer not null,
  -- Intercept, slope, offsets and slip curve: enough to draw every curve of the repository.
  calibration jsonb not null,
  fitted_at timestamptz not null
);
