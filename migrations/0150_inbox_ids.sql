-- Signals are found by their place; only a dead one is asked for by its id, and those have an index of
-- their own. Every delivery wrote this one, and every change of a signal's state wrote it again.
alter table loom.inbox_signals drop constraint inbox_signals_id_key;
