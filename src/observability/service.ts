/**
 * The verbs of observability. Reports of deployments and incidents are written down with their
 * events; reading traces is a matter of its own.
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
import type { Actor, Ledger } from '#ledger';
import { foldDeployment, newsOf } from './deployment.ts';
import {
  type CarriedChange,
  changeCarried,
  deploymentReported,
  incidentReported,
  momentsCorrected,
} from './events.ts';
import { foldIncident } from './incident.ts';
import { createTraceReader, type TraceReader } from './read-trace.ts';
import type { Deployment, Incident } from './schema.ts';
import * as store from './store.ts';

export interface ObservabilityService extends TraceReader {
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
      /** The source's moment of the state: the newest word counts, in whatever order words arrive. */
      occurredAt?: Date | undefined;
    },
    actor: Actor,
  ): Promise<Incident>;
  /** Incidents of a repository since a moment with the changes of the deployments behind them, at most 100. */
  listPastIncidents(
    repository: string,
    since: Date,
  ): Promise<
    { title: string; severity: string; at: Date; url: string | null; changeIds: Id<'chg'>[] }[]
  >;
  listIncidents(
    filter: { state?: Incident['state'] | undefined } & PageRequest,
  ): Promise<Page<Incident>>;
}

export interface ObservabilityDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

export function createObservabilityService(deps: ObservabilityDeps): ObservabilityService {
  const { db, ledger, clock, newId } = deps;
  const log = deps.log.child({ room: 'observability' });
  const reader = createTraceReader({ db, ledger });

  const recordDeployment: ObservabilityService['recordDeployment'] = async (report, actor) => {
    const at = report.occurredAt ?? clock.now();
    // Read before the transaction: git is a process, and no transaction waits for one.
    const contained = await findContained(report);

    const { deployment, isNew } = await db.transaction(async (tx) => {
      await store.lockDeployment(tx, JSON.stringify([report.repository, report.environment]));
      const known = await store.findDeployment(tx, report);
      const word = { status: report.status, at, said: report.occurredAt !== undefined };
      const state = foldDeployment(known, word);
      const news = newsOf(known, state);
      if (known !== undefined && news === 'nothing') return { deployment: known, isNew: false };
      if (known !== undefined && news === 'moments') {
        const next = { ...known, ...state };
        await store.saveDeployment(tx, next);
        await ledger.append(tx, momentsCorrected(next, actor));
        return { deployment: next, isNew: false };
      }

      const delivered = await store.listDeliveredChanges(tx, report, known?.id);
      const carried = contained.filter(({ id }) => !delivered.has(id));
      const next: Deployment = {
        id: known?.id ?? newId('dep'),
        repository: report.repository,
        environment: report.environment,
        sha: report.sha,
        externalKey: report.externalKey,
        url: report.url ?? known?.url ?? null,
        changeIds:
          known === undefined || known.changeIds.length === 0
            ? carried.map(({ id }) => id)
            : known.changeIds,
        ...state,
      };
      await store.saveDeployment(tx, next);
      const event = await ledger.append(tx, deploymentReported(next, actor, at));
      await ledger.appendMany(
        tx,
        carried
          .filter(({ id }) => next.changeIds.includes(id))
          .map((change) => changeCarried(change, next, { actor, cause: event.id, at })),
      );
      return { deployment: next, isNew: true };
    });

    if (isNew)
      log.info({ deploymentId: deployment.id, status: deployment.status }, 'deployment recorded');
    return deployment;
  };

  /**
   * Merged changes whose merge commit is part of what was deployed. Git is asked of each, so those that
   * an earlier deployment brought there are left out: on the day's tenth deployment they are all but a few.
   */
  async function findContained(
    report: Parameters<ObservabilityService['recordDeployment']>[0],
  ): Promise<CarriedChange[]> {
    const { git, changesByMergeSha } = report;
    const known = await store.findDeployment(db, report);
    const delivered = await store.listDeliveredChanges(db, report, known?.id);
    const contained: CarriedChange[] = [];
    for (const [mergeSha, change] of changesByMergeSha) {
      if (delivered.has(change.id)) continue;
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
      const { stateAt, ...next } = foldIncident(known, report, at, () => newId('inc'));
      await store.saveIncident(tx, next, stateAt);
      if (known !== undefined && sameIncident(known, next)) return next;
      await ledger.append(tx, incidentReported(known, next, { actor, at }));
      return next;
    });
  };

  return {
    recordDeployment,
    listDeployments: (filter) => store.listDeployments(db, filter),
    recordIncident,
    listPastIncidents: (repository, since) => store.listPastIncidents(db, repository, since),
    listIncidents: (filter) => store.listIncidents(db, filter),
    trace: reader.trace,
    why: reader.why,
  };
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
