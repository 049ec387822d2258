/** What a package is filled with: patch, past incidents, provenance. Reads only. */
import type { GitRepository } from '#git';
import { AppError, type Id, isId } from '#kernel';
import {
  buildEscalation,
  type Decision,
  type EscalationInput,
  type EscalationPackage,
  type LeaderTerms,
  readPatchHunks,
  type WhyYou,
} from '#policy';
import { findChange, selectAgentFindings } from '../changes/index.ts';
import type { Change } from '../schema.ts';
import { findSessions } from '../sessions/index.ts';
import { findWorkItem } from '../work/index.ts';
import type { EscalationDeps } from './deps.ts';

const MAX_PATCH_BYTES = 1_000_000;
const INCIDENT_DAYS = 365;
const DAY_MS = 86_400_000;
const MAX_CAUSES = 30;
const MAX_FINDINGS = 10;

/** The package as the first person of the plan gets it; others get it readdressed. */
export async function gatherPackage(
  deps: EscalationDeps,
  about: {
    change: Change;
    decision: Decision;
    git: GitRepository;
    terms: LeaderTerms;
    missingConsents: number;
    whyYou: WhyYou;
  },
): Promise<EscalationPackage> {
  const { change, decision, git, terms, missingConsents, whyYou } = about;
  const patch = await readPatch(git, decision);
  return buildEscalation({
    change,
    decision,
    missingConsents,
    whyYou,
    hunks: patch === null ? null : readPatchHunks(patch.text),
    isPatchCut: patch?.isCut ?? false,
    rulesOf: firedOnly(decision, terms),
    dataOf: terms.dataTouching,
    standards: terms.standards,
    findings: await findFindings(deps, change),
    incidents: await findSimilar(deps, change, git, decision),
    incidentDays: INCIDENT_DAYS,
    provenance: await findProvenance(deps, change),
    landsAsMergeCommit: change.host === 'local',
    afterMerge: await afterMerge(deps, change),
  });
}

/** Null where the commits cannot be compared: the package says so. */
async function readPatch(
  git: GitRepository,
  { baseSha, headSha }: Decision,
): Promise<{ text: string; isCut: boolean } | null> {
  try {
    return await git.patch(baseSha, headSha, MAX_PATCH_BYTES);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function firedOnly({ rules }: Decision, terms: LeaderTerms): EscalationInput['rulesOf'] {
  const fired = new Set(rules.map(({ id }) => id));
  return (path) => terms.rulesTouching(path).filter((id) => fired.has(id));
}

/** What other agents found in this very commit: doubts before praise. */
async function findFindings({ db }: EscalationDeps, change: Change): Promise<string[]> {
  const said = await selectAgentFindings(db, change.id, change.headSha, MAX_FINDINGS);
  return said.map(({ agent, decision, reason }) =>
    decision === 'decline' ? `${agent} declines: ${reason}` : `${agent}: ${reason}`,
  );
}

/** Incidents whose changes touched a file of this change, or its folder. */
async function findSimilar(
  deps: EscalationDeps,
  change: Change,
  git: GitRepository,
  decision: Decision,
): Promise<EscalationInput['incidents']> {
  if (deps.findIncidents === undefined) return null;
  const since = new Date(deps.clock.now().getTime() - INCIDENT_DAYS * DAY_MS);
  const incidents = await deps.findIncidents(change.repository, since);
  const own = await pathsOf(git, decision.baseSha, decision.headSha);
  const places = new Set([...own, ...own.map(folderOf)]);
  const known = new Map<string, boolean>();
  const touches = async (changeId: Id<'chg'>): Promise<boolean> => {
    const standing = known.get(changeId);
    if (standing !== undefined) return standing;
    if (known.size >= MAX_CAUSES) return false;
    const cause = await findChange(deps.db, changeId);
    const paths = cause?.base_sha == null ? [] : await pathsOf(git, cause.base_sha, cause.head_sha);
    const isSame = paths.some((path) => places.has(path) || places.has(folderOf(path)));
    known.set(changeId, isSame);
    return isSame;
  };
  const similar: NonNullable<EscalationInput['incidents']>[number][] = [];
  for (const { changeIds, ...incident } of incidents) {
    for (const changeId of changeIds) {
      if (!(await touches(changeId))) continue;
      similar.push(incident);
      break;
    }
  }
  return similar;
}

async function pathsOf(git: GitRepository, base: string, head: string): Promise<string[]> {
  try {
    return (await git.changedFiles(base, head)).map(({ path }) => path);
  } catch (error) {
    // A commit that is gone from the mirror tells nothing.
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** `#` keeps the root, which everything shares, from being a place. */
function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? `${path}#` : path.slice(0, at + 1);
}

async function findProvenance(
  { db, governance }: EscalationDeps,
  change: Change,
): Promise<EscalationInput['provenance']> {
  const [session] = change.sessionId === null ? [] : await findSessions(db, [change.sessionId]);
  const operator = session?.operator_id ?? null;
  const person =
    operator !== null && isId('usr', operator) ? await governance.findPerson(operator) : undefined;
  const item = change.workItemId === null ? undefined : await findWorkItem(db, change.workItemId);
  return {
    human: person?.name ?? session?.operator_name ?? null,
    agent: session?.agent ?? null,
    sessionId: change.sessionId,
    workItemId: change.workItemId,
    workItem: item === undefined ? null : `${item.external_key ?? ''} ${item.title}`.trim(),
    contextPackId: (session?.pack_id ?? null) as Id<'ctx'> | null,
  };
}

/** What the change's workflow still does once it has landed. */
async function afterMerge({ db }: EscalationDeps, change: Change): Promise<string | null> {
  if (change.runId === null) return null;
  const steps = await db.query<{ name: string; kind: string; options: { timeout?: unknown } }>(
    `select s.name, s.kind, s.options from loom.steps s
     where s.run_id = $1 and s.kind in ('wait.signal', 'wait.timer')
       and exists (select 1 from loom.steps m where m.run_id = s.run_id and m.kind = 'merge'
         and m.position < s.position)
     order by s.position limit 3`,
    [change.runId],
  );
  if (steps.length === 0) return null;
  return steps
    .map(({ name, kind, options }) => {
      const within = typeof options.timeout === 'string' ? ` within ${options.timeout}` : '';
      return `${kind === 'wait.timer' ? 'pauses at' : 'waits for'} ${name}${within}`;
    })
    .join(', ');
}
