-- What an agent may use at this start, as its step, the labels and the priority of its work item say.
alter table loom.agent_runs add column budget jsonb;
