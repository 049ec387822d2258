-- Which deployments carry a change was kept twice, with its outcome and with its record. The outcome
-- keeps it.
update loom.landed_outcomes o
set deployment_ids = (select coalesce(array_agg(distinct id), '{}')
                      from unnest(o.deployment_ids || r.deployment_ids) id)
from loom.autonomy_records r
where r.change_id = o.change_id and not o.deployment_ids @> r.deployment_ids;
alter table loom.autonomy_records drop column deployment_ids;
