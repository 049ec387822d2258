/**
 * The verbs of observability. Reports of deployments and incidents are written down with their
 * events; traces are read from what the projection made of the ledger.
 */
import type { GitRepository } from '#git';
import {
  AppError,
  type Clock,
  type Db,
  type Id,
  type Logger,
  type NewId,
  type Page,
  type PageRequest,
} from '#kernel';
import type { Actor, Ledger, LedgerEvent } from '#ledger';
import { STORY } from './flow.ts';
import type { Deployment, Incident, Trace, WhyAnswer } from './schema.ts';
import * as store from './store.ts';
import { walk } from './trace.ts';

export interface ObservabilityService {
  /** Records a state of a deployment; equal keys are one deployment. Finds the changes it carries. */
  recordDeployment(
    deployment: {
      repository: string;
      environment: string;
      sha: string;
      status: Deployment['status'];
      externalKey: string;
      url?: string | undefined;
      occurredAt?: Date | undefined;
      /** To find which merged commits are new in the environment. */
      git: GitRepository | null;
      /** Merged changes of the repository by merge commit. */
      changesByMergeSha: ReadonlyMap<string, { id: Id<'chg'>; correlationId: string }>;
    },
    actor: Actor,
  ): Promise<Deployment>;
  listDeployments(
    filter: { repository?: string | undefined; environment?: string | undefined } & PageRequest,
  ): Promise<Page<Deployment>>;
  recordIncident(
    incident: {
      title: string;
      severity: Incident['severity'];
      state: Incident['state'];
      externalKey: string;
      repository?: string | undefined;
      deploymentId?: Id<'dep'> | undefined;
      url?: string | undefined;
      occurredAt?: Date | undefined;
    },
    actor: Actor,
  ): Promise<Incident>;
  listIncidents(
    filter: { state?: Incident['state'] | undefined } & PageRequest,
  ): Promise<Page<Incident>>;
  /**
   * Everything connected with an id, a commit (also abbreviated), `owner/name#12` or
   * `owner/name:branch`, both ways. @throws AppError `observability.unknown_reference`.
   */
  trace(reference: string): Promise<Trace>;
  /** From a line of code back to the signal it came from. */
  why(request: {
    repository: string;
    git: GitRepository;
    path: string;
    line: number;
    revision?: string | undefined;
  }): Promise<WhyAnswer>;
}

export interface ObservabilityDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

/** Statuses a deployment does not leave by a report that merely comes late. */
const FINAL: ReadonlySet<Deployment['status']> = new Set(['succeeded', 'failed', 'rolled-back']);
const MAX_TRACE_EVENTS = 500;

export function createObservabilityService(deps: ObservabilityDeps): ObservabilityService {
  const { db, ledger, clock, newId } = deps;
  const log = deps.log.child({ room: 'observability' });

  const recordDeployment: ObservabilityService['recordDeployment'] = async (report, actor) => {
    const at = report.occurredAt ?? clock.now();
    // Read before the transaction: git is a process, and no transaction waits for one.
    const contained = await findContained(report);

    const { deployment, isNew } = await db.transaction(async (tx) => {
      await store.lockDeployment(tx, JSON.stringify([report.repository, report.environment]));
      const known = await store.findDeployment(tx, report);
      // Reports come late and twice: a finished deployment is not started again, and a repeated word adds nothing.
      if (
        known !== undefined &&
        (known.status === report.status || !isProgress(known.status, report.status))
      ) {
        return { deployment: known, isNew: false };
      }

      const delivered = await store.listDeliveredChanges(tx, report.repository, report.environment);
      const carried = contained.filter(({ id }) => !delivered.has(id));
      const next: Deployment = {
        id: known?.id ?? newId('dep'),
        repository: report.repository,
        environment: report.environment,
        sha: report.sha,
        status: report.status,
        externalKey: report.externalKey,
        url: report.url ?? known?.url ?? null,
        changeIds:
          known === undefined || known.changeIds.length === 0
            ? carried.map(({ id }) => id)
            : known.changeIds,
        startedAt: known?.startedAt ?? at,
        finishedAt: FINAL.has(report.status) ? at : null,
      };
      await store.saveDeployment(tx, next);
      const event = await ledger.append(tx, {
        type: `deployment.${report.status}`,
        subject: next.id,
        actor,
        occurredAt: at,
        refs: { deployment: next.id, repository: next.repository },
        data: {
          environment: next.environment,
          sha: next.sha,
          changes: next.changeIds,
          url: next.url,
        },
      });
      await ledger.appendMany(
        tx,
        carried
          .filter(({ id }) => next.changeIds.includes(id))
          .map((change) => ({
            type:
              report.status === 'succeeded'
                ? 'change.deployed'
                : `change.deployment-${report.status}`,
            subject: change.id,
            actor,
            cause: event.id,
            correlationId: change.correlationId,
            occurredAt: at,
            refs: {
              change: change.id,
              deployment: next.id,
              mergeCommit: change.mergeSha,
              repository: next.repository,
            },
            data: { environment: next.environment },
          })),
      );
      return { deployment: next, isNew: true };
    });

    if (isNew)
      log.info({ deploymentId: deployment.id, status: deployment.status }, 'deployment recorded');
    return deployment;
  };

  /** Merged changes whose merge commit is part of what was deployed. */
  async function findContained(
    report: Parameters<ObservabilityService['recordDeployment']>[0],
  ): Promise<{ id: Id<'chg'>; correlationId: string; mergeSha: string }[]> {
    const { git, changesByMergeSha } = report;
    const contained: { id: Id<'chg'>; correlationId: string; mergeSha: string }[] = [];
    for (const [mergeSha, change] of changesByMergeSha) {
      const isPart =
        mergeSha === report.sha ||
        (git !== null && (await git.isAncestor(mergeSha, report.sha).catch(() => false)));
      if (isPart) contained.push({ ...change, mergeSha });
    }
    return contained;
  }

  const recordIncident: ObservabilityService['recordIncident'] = async (report, actor) => {
    const at = report.occurredAt ?? clock.now();
    return db.transaction(async (tx) => {
      await store.lockDeployment(tx, JSON.stringify(['incident', report.externalKey]));
      if (
        report.deploymentId !== undefined &&
        !(await store.deploymentExists(tx, report.deploymentId))
      ) {
        throw new AppError('not_found', 'observability.unknown_deployment', {
          message: `There is no deployment ${report.deploymentId}.`,
          hint: 'GET /v1/deployments lists them; leave deploymentId out when the cause is not known yet.',
        });
      }
      const known = await store.findIncident(tx, report.externalKey);
      const next: Incident = {
        id: known?.id ?? newId('inc'),
        title: report.title,
        severity: report.severity,
        state: report.state,
        repository: report.repository ?? known?.repository ?? null,
        deploymentId: report.deploymentId ?? known?.deploymentId ?? null,
        externalKey: report.externalKey,
        url: report.url ?? known?.url ?? null,
        detectedAt: known?.detectedAt ?? at,
        resolvedAt: report.state === 'resolved' ? (known?.resolvedAt ?? at) : null,
      };
      if (known !== undefined && sameIncident(known, next)) return known;
      await store.saveIncident(tx, next);
      await ledger.append(tx, {
        type: typeOfIncidentEvent(known, next),
        subject: next.id,
        actor,
        occurredAt: at,
        refs: {
          incident: next.id,
          ...(next.deploymentId === null ? {} : { deployment: next.deploymentId }),
          ...(next.repository === null ? {} : { repository: next.repository }),
        },
        data: { title: next.title, severity: next.severity, state: next.state, url: next.url },
      });
      return next;
    });
  };

  async function trace(reference: string): Promise<Trace> {
    const start = await resolve(reference);
    const { nodes, edges, isTruncated } = await walk(db, start);
    const { events, isCut } = await eventsOf(nodes);
    const order = (kind: (typeof STORY)[number]) => STORY.indexOf(kind);
    return {
      ref: start.ref,
      correlationIds: [...new Set(events.map(({ correlationId }) => correlationId))],
      nodes: nodes
        .map(({ ref, kind, title, at }) => ({ ref, kind, title, at }))
        .sort((a, b) => order(a.kind) - order(b.kind) || a.at.getTime() - b.at.getTime()),
      edges,
      events,
      isTruncated: isTruncated || isCut,
    };
  }

  async function resolve(reference: string): Promise<store.NodeRow> {
    const exact = await store.findNodes(db, [reference]);
    if (exact[0] !== undefined) return exact[0];
    if (/^[0-9a-f]{6,40}$/.test(reference)) {
      const found = await store.findNodesByPrefix(db, reference);
      if (found.length === 1) return found[0]!;
      if (found.length > 1) {
        throw new AppError('invalid', 'observability.ambiguous_reference', {
          message: `More than one commit starts with ${reference}.`,
          hint: 'Give more digits of the commit.',
        });
      }
    }
    throw new AppError('not_found', 'observability.unknown_reference', {
      message: `Nothing in the ledger is named ${reference}.`,
      hint: 'Give an id (chg_…, ses_…, wrk_…, dep_…, inc_…), a commit, owner/name#12 or owner/name:branch.',
    });
  }

  /** Events about the nodes, oldest first, each once. */
  async function eventsOf(
    nodes: readonly store.NodeRow[],
  ): Promise<{ events: LedgerEvent[]; isCut: boolean }> {
    const found = new Map<string, LedgerEvent>();
    let isCut = false;
    for (const { ref } of nodes) {
      const page = await ledger.list({ ref, order: 'oldest', limit: 100 });
      isCut ||= page.nextCursor !== null;
      for (const event of page.items) found.set(event.id, event);
      if (found.size > MAX_TRACE_EVENTS) return { events: inOrder(found), isCut: true };
    }
    return { events: inOrder(found), isCut };
  }

  const why: ObservabilityService['why'] = async ({
    repository,
    git,
    path,
    line,
    revision = 'HEAD',
  }) => {
    const tip = await git.resolve(revision);
    const blamed = tip === undefined ? undefined : await git.blame(tip, path, line);
    if (tip === undefined || blamed === undefined) {
      throw new AppError('not_found', 'observability.no_such_line', {
        message: `${repository} has no line ${line} in ${path} at ${revision}.`,
        hint: 'Paths are relative to the root of the repository; lines count from 1.',
      });
    }
    const commit = await git.commit(blamed.sha);
    const landedAs = await findLanding(git, blamed.sha, tip);
    const [node] = await store.findNodes(db, [...new Set([blamed.sha, landedAs ?? blamed.sha])]);
    return {
      repository,
      path,
      line,
      text: blamed.text,
      commit: {
        sha: blamed.sha,
        subject: commit?.subject ?? '',
        author: blamed.author.name,
        at: blamed.authoredAt,
      },
      trace: node === undefined ? null : await trace(node.ref),
    };
  };

  return {
    recordDeployment,
    listDeployments: (filter) => store.listDeployments(db, filter),
    recordIncident,
    listIncidents: (filter) => store.listIncidents(db, filter),
    trace,
    why,
  };
}

/** A rollback may follow anything that ran; otherwise a report only moves forward. */
function isProgress(from: Deployment['status'], to: Deployment['status']): boolean {
  if (to === 'started') return false;
  return from === 'started' || (to === 'rolled-back' && from !== 'rolled-back');
}

function sameIncident(a: Incident, b: Incident): boolean {
  return (
    a.title === b.title &&
    a.severity === b.severity &&
    a.state === b.state &&
    a.deploymentId === b.deploymentId &&
    a.repository === b.repository &&
    a.url === b.url
  );
}

function typeOfIncidentEvent(known: Incident | undefined, next: Incident): string {
  if (known === undefined) return 'incident.detected';
  return known.state !== next.state && next.state === 'resolved'
    ? 'incident.resolved'
    : 'incident.updated';
}

function inOrder(events: ReadonlyMap<string, LedgerEvent>): LedgerEvent[] {
  const last = Number.MAX_SAFE_INTEGER;
  return [...events.values()].sort(
    (a, b) => (a.seq ?? last) - (b.seq ?? last) || a.recordedAt.getTime() - b.recordedAt.getTime(),
  );
}

/**
 * The commit of the main line that brought `sha` in: the oldest first-parent commit that contains it.
 * Containment only grows along the main line, so a binary search needs few calls of git.
 */
async function findLanding(
  git: GitRepository,
  sha: string,
  tip: string,
): Promise<string | undefined> {
  const mainLine: string[] = [];
  for await (const commit of git.log({ to: tip, from: sha, firstParent: true, limit: 50_000 })) {
    // A commit of the main line itself came in by itself.
    if (commit.parents[0] === sha) return sha;
    mainLine.push(commit.sha);
  }
  let newest = 0;
  let oldest = mainLine.length - 1;
  let landing: string | undefined;
  while (newest <= oldest) {
    const middle = Math.floor((newest + oldest) / 2);
    if (await git.isAncestor(sha, mainLine[middle]!)) {
      landing = mainLine[middle];
      newest = middle + 1;
    } else {
      oldest = middle - 1;
    }
  }
  return landing;
}
