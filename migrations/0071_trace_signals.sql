-- Which event a signal came in with: events name their cause, and a change is told by its signal.

alter table loom.trace_nodes add column event_id text;
create index trace_nodes_signal_event on loom.trace_nodes (event_id) where kind = 'signal';
