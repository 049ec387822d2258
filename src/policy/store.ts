/** SQL of the Policy Engine: decisions, policy versions, refusals. */
import type { Id, Queryable, Tx } from '#kernel';
import { z } from 'zod';
import { NO_CATALOG } from './catalog.ts';
import type { RiskReliability } from './explain.ts';
import type { PolicySources } from './load-policy.ts';
import { POLICY_PATH } from './read-policy.ts';
import type { Decision } from './schema.ts';
import type { PolicyProblem } from './service.ts';

export type DecisionRow = Decision & { position: number };

const DECISION = `id, position, change_id as "changeId", repository, base_sha as "baseSha",
  head_sha as "headSha", policy_version as "policyVersion", policy_source as "policySource", lane,
  outcome, rules, score, factors, missing, facts, decided_at as "decidedAt"`;

/** Adds the decision, or gives the equal one that was made before. */
export async function insertDecisionOnce(
  tx: Tx,
  decision: Decision,
  inputsHash: string,
): Promise<Decision> {
  const inserted = await tx.query(
    `insert into loom.decisions (id, change_id, repository, base_sha, head_sha, policy_version,
       policy_source, inputs_sha256, lane, outcome, rules, score, factors, missing, facts, decided_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     on conflict on constraint decisions_once_key do nothing returning id`,
    [
      decision.id,
      decision.changeId,
      decision.repository,
      decision.baseSha,
      decision.headSha,
      decision.policyVersion,
      decision.policySource,
      inputsHash,
      decision.lane,
      decision.outcome,
      JSON.stringify(decision.rules),
      decision.score,
      JSON.stringify(decision.factors),
      JSON.stringify(decision.missing),
      JSON.stringify(decision.facts),
      decision.decidedAt,
    ],
  );
  if (inserted.length > 0) return decision;
  const rows = await tx.query<DecisionRow & { isNewest: boolean }>(
    `select ${DECISION}, position = (select max(position) from loom.decisions n
         where n.change_id = d.change_id) as "isNewest"
     from loom.decisions d
     where change_id = $1 and head_sha = $2 and policy_version = $3 and inputs_sha256 = $4`,
    [decision.changeId, decision.headSha, decision.policyVersion, inputsHash],
  );
  const { isNewest, position: _position, ...standing } = rows[0]!;
  if (!isNewest) {
    // What was decided in between no longer holds, so "the latest" must mean this one again.
    await tx.query(
      `update loom.decisions set position = nextval('loom.decision_position') where id = $1`,
      [standing.id],
    );
  }
  return standing;
}

export async function selectDecision(
  queryable: Queryable,
  id: Id<'dec'>,
): Promise<Decision | undefined> {
  const rows = await queryable.query<DecisionRow>(
    `select ${DECISION} from loom.decisions where id = $1`,
    [id],
  );
  return rows.map(withoutPosition)[0];
}

export async function selectDecisions(
  queryable: Queryable,
  filter: { changeId: Id<'chg'> | undefined; before: number; limit: number },
): Promise<DecisionRow[]> {
  return queryable.query<DecisionRow>(
    `select ${DECISION} from loom.decisions
     where ($1::text is null or change_id = $1) and position < $2
     order by position desc limit $3`,
    [filter.changeId ?? null, filter.before, filter.limit],
  );
}

/** The verdict that holds for a change. */
export async function latestOf(
  queryable: Queryable,
  changeId: Id<'chg'>,
): Promise<Decision | undefined> {
  const filter = { changeId, before: Number.MAX_SAFE_INTEGER, limit: 1 };
  return (await selectDecisions(queryable, filter)).map(withoutPosition)[0];
}

export function withoutPosition(row: DecisionRow): Decision {
  const { position: _position, ...decision } = row;
  return decision;
}

export interface PolicyVersion {
  version: string;
  sources: PolicySources;
  sourceCommit: string;
}

/** A version as it is kept: maps as lists of pairs. */
const StoredSources = z.object({
  text: z.string().nullable(),
  file: z.string(),
  organisation: z.object({ text: z.string(), file: z.string() }).nullable(),
  services: z.array(
    z.tuple([
      z.string(),
      z.object({
        paths: z.array(z.string()),
        dependsOn: z.array(z.string()),
        owner: z.string().nullable(),
      }),
    ]),
  ),
});

interface VersionRow {
  version: string;
  text: string;
  sources: unknown;
  sourceCommit: string;
}

/** Versions of before there were layers are their text alone. */
function toSources({ text, sources }: Pick<VersionRow, 'text' | 'sources'>): PolicySources {
  if (sources === null) {
    return { text, file: POLICY_PATH, organisation: null, catalog: NO_CATALOG };
  }
  const { services, ...stored } = StoredSources.parse(sources);
  return { ...stored, catalog: { ...NO_CATALOG, services: new Map(services) } };
}

function toStored({ text, file, organisation, catalog }: PolicySources): string {
  const services = [...catalog.services];
  return JSON.stringify({ text, file, organisation, services });
}

export async function selectActivePolicy(
  queryable: Queryable,
  repository: string,
): Promise<PolicyVersion | undefined> {
  const rows = await queryable.query<VersionRow>(
    `select v.version, v.text, v.sources, a.source_commit as "sourceCommit"
     from loom.active_policies a join loom.policy_versions v using (repository, version)
     where a.repository = $1`,
    [repository],
  );
  return rows.map((row) => ({
    version: row.version,
    sourceCommit: row.sourceCommit,
    sources: toSources(row),
  }))[0];
}

/** What a version was compiled from; undefined when this installation never judged by it. */
export async function selectPolicySources(
  queryable: Queryable,
  repository: string,
  version: string,
): Promise<PolicySources | undefined> {
  const rows = await queryable.query<Pick<VersionRow, 'text' | 'sources'>>(
    'select text, sources from loom.policy_versions where repository = $1 and version = $2',
    [repository, version],
  );
  return rows.map(toSources)[0];
}

export interface KeptVersion {
  version: string;
  text: string;
  sourceCommit: string;
  acceptedAt: Date;
  isActive: boolean;
}

/** Every version that ever was in force in a repository, the newest first. */
export async function selectPolicyVersions(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<KeptVersion[]> {
  return queryable.query<KeptVersion>(
    `select v.version, v.text, v.source_commit as "sourceCommit", v.accepted_at as "acceptedAt",
       a.version is not null as "isActive"
     from loom.policy_versions v
     left join loom.active_policies a using (repository, version)
     where v.repository = $1 order by v.accepted_at desc, v.version limit $2`,
    [repository, limit],
  );
}

/** True when another policy, or none, was active before. */
export async function activatePolicy(
  tx: Tx,
  repository: string,
  policy: PolicyVersion,
  now: Date,
): Promise<boolean> {
  const { version, sources, sourceCommit } = policy;
  await tx.query(
    `insert into loom.policy_versions (repository, version, text, sources, source_commit, accepted_at)
     values ($1, $2, $3, $4, $5, $6) on conflict (repository, version) do nothing`,
    [repository, version, sources.text ?? '', toStored(sources), sourceCommit, now],
  );
  const rows = await tx.query(
    `insert into loom.active_policies (repository, version, source_commit, activated_at)
     values ($1, $2, $3, $4)
     on conflict (repository) do update
       set version = excluded.version, source_commit = excluded.source_commit,
         activated_at = excluded.activated_at
       where active_policies.version <> excluded.version
     returning repository`,
    [repository, version, sourceCommit, now],
  );
  return rows.length > 0;
}

/** The version that was active; undefined when there was none. */
export async function deactivatePolicy(tx: Tx, repository: string): Promise<string | undefined> {
  const rows = await tx.query<{ version: string }>(
    'delete from loom.active_policies where repository = $1 returning version',
    [repository],
  );
  return rows[0]?.version;
}

/** True the first time this text is refused in this repository. */
export async function insertRefusalOnce(
  tx: Tx,
  refusal: {
    repository: string;
    textHash: string;
    sourceCommit: string;
    problems: readonly PolicyProblem[];
    now: Date;
  },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.refused_policies (repository, text_sha256, source_commit, problems, refused_at)
     values ($1, $2, $3, $4, $5) on conflict (repository, text_sha256) do nothing
     returning repository`,
    [
      refusal.repository,
      refusal.textHash,
      refusal.sourceCommit,
      JSON.stringify(refusal.problems),
      refusal.now,
    ],
  );
  return rows.length > 0;
}

/** What the history of a repository last taught, as far as it is shown. */
export async function selectReliability(
  queryable: Queryable,
  repository: string,
): Promise<Omit<RiskReliability, 'error'> | undefined> {
  const rows = await queryable.query<Omit<RiskReliability, 'error'>>(
    `select model, changes, known_defects as "knownDefects", fitted_at as "fittedAt",
       coalesce(calibration->'reliability', '[]') as bins
     from loom.risk_calibrations where repository = $1`,
    [repository],
  );
  return rows[0];
}
