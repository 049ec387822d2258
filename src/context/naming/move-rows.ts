/**
 * Gives everything that is kept under a repository's name the new name. Most rooms keep names in a column
 * `repository`: those tables are found by that column, so that one which is added later follows by itself.
 */
import type { Tx } from '#kernel';

/** What a work tree calls itself is its own word, and follows its own remote. */
const OWN_WORDS = ['agent_events', 'agent_attachments'];

export async function moveRows(tx: Tx, host: string, from: string, to: string): Promise<void> {
  const tables = await tx.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'loom' and c.column_name = 'repository' and t.table_type = 'BASE TABLE'
       and c.table_name <> all($1::text[]) order by 1`,
    [OWN_WORDS],
  );
  for (const { name } of tables) {
    // Names of tables come from the catalog and not from outside.
    await tx.query(`update loom."${name}" set repository = $2 where repository = $1`, [from, to]);
  }
  await moveKeys(tx, host, from, to);
  await moveGraph(tx, from, to);
}

/** Names inside of longer keys. */
async function moveKeys(tx: Tx, host: string, from: string, to: string): Promise<void> {
  await tx.query(
    `update loom.work_items set external_key = $3 || substr(external_key, length($2) + 1)
     where source = $1 and starts_with(external_key, $2 || '#')`,
    [host, from, to],
  );
  await tx.query(
    `update loom.fleet_breakers set key = $2 where scope = 'repository' and key = $1`,
    [from, to],
  );
  await tx.query(
    'update loom.connection_sweeps set scope = $3 where connection = $1 and scope = $2',
    [host, from, to],
  );
  await tx.query('update loom.knowledge_readings set scope = $3 where system = $1 and scope = $2', [
    host,
    from,
    to,
  ]);
  await tx.query(
    `update loom.comments set subject = $3 || substr(subject, length($2) + 1)
     where system = $1 and starts_with(subject, $2 || '#')`,
    [host, from, to],
  );
  // Documents of other systems that belong to the repository are moved by their column; here is what
  // they say of its files.
  await tx.query(
    `update loom.source_documents set mentions = array(
         select case when starts_with(m, $1 || ':') then $2 || substr(m, length($1) + 1) else m end
         from unnest(mentions) with ordinality as named (m, n) order by n)
     where exists (select from unnest(mentions) m where starts_with(m, $1 || ':'))`,
    [from, to],
  );
  await tx.query(
    `update loom.deployments set external_key = $2 || substr(external_key, length($1) + 1)
     where starts_with(external_key, $1 || '/deployments/')`,
    [from, to],
  );
  await tx.query(
    `update loom.review_remarks set id = replace(id, $1 || ':', $2 || ':'),
       change_id = replace(change_id, $1 || '#', $2 || '#')
     where starts_with(change_id, $1 || '#')`,
    [from, to],
  );
  // What waits to be said to the host is said under the name it has now.
  await tx.query(
    `update loom.outbox_messages set payload = jsonb_set(payload, '{change,repository}', to_jsonb($3::text))
     where state = 'pending' and payload ->> 'host' = $1 and payload #>> '{change,repository}' = $2`,
    [host, from, to],
  );
  await tx.query(
    `update loom.outbox_messages set payload = jsonb_set(payload, '{repository}', to_jsonb($3::text))
     where state = 'pending' and payload ->> 'host' = $1 and payload ->> 'repository' = $2`,
    [host, from, to],
  );
}

async function moveGraph(tx: Tx, from: string, to: string): Promise<void> {
  await tx.query(
    `update loom.graph_entities set key = $2 || substr(key, length($1) + 1)
     where (kind = 'repository' and key = $1) or starts_with(key, $1 || ':') or starts_with(key, $1 || '#')`,
    [from, to],
  );
  // What runs has keys in lower case.
  await tx.query(
    `update loom.graph_entities set key = lower($2) || substr(key, length($1) + 1)
     where starts_with(key, lower($1) || '/') or starts_with(key, lower($1) || ':terraform:')`,
    [from, to],
  );
  await tx.query(
    `update loom.graph_assertions set acl = 'repository:' || $2 where acl = 'repository:' || $1`,
    [from, to],
  );
  await tx.query(
    `update loom.graph_statements set facts = replace(replace(replace(facts::text,
         '"' || $1 || '"', '"' || $2 || '"'), '"' || $1 || ':', '"' || $2 || ':'),
         '"' || $1 || '#', '"' || $2 || '#')::jsonb
     where facts is not null and source_id in (select id from loom.graph_sources where scope = $1)`,
    [from, to],
  );
  await tx.query(
    `update loom.graph_sources set
       object = case when starts_with(object, $1 || ':') then $2 || substr(object, length($1) + 1)
         when right(object, length($1) + 1) = ':' || $1 then left(object, -length($1)) || $2
         else object end,
       scope = $2, acl = case acl when 'repository:' || $1 then 'repository:' || $2 else acl end
     where scope = $1`,
    [from, to],
  );
  await tx.query(
    `update loom.graph_cursors set source = left(source, -length($1)) || $2
     where right(source, length($1) + 1) = ':' || $1`,
    [from, to],
  );
}
