/**
 * Composition: something that happened becomes one explicit graph, which is kept and told before it
 * starts, or it is written down why it does not. The same facts are considered once; what begins, the
 * events and the record of it are one transaction.
 */
import { Signal } from '#connectors/contract';
import type { ContextService } from '#context';
import type { GovernanceService } from '#governance';
import {
  AppError,
  checkValue,
  decodeCursor,
  type Id,
  type JsonObject,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import { z } from 'zod';
import type { OrchestrationDeps } from '../deps.ts';
import { joinLibrary, type Library, type LibraryWorkflow, loadLibrary } from '../library/index.ts';
import type { WorkflowService } from '../service.ts';
import { findByExternalKey, findWorkItem, identitiesOf, toWorkItem } from '../work/index.ts';
import { graphHash } from '../workflow/index.ts';
import type { WorkflowGraph } from '../workflow-graph.ts';
import { type Candidate, classify, type Classification } from './classify.ts';
import { workflowComposed, workflowUnmatched } from './events.ts';
import { fingerprintOf, type Occasion } from './facts.ts';
import { occasionOf, occasionOfWorkItem } from './occasions.ts';
import * as store from './store.ts';
import { weaveGraph } from './weave.ts';
import { openWorkItemFor } from './work-for.ts';

const Cursor = z.tuple([z.iso.datetime(), z.string()]);
const MAX_KEPT_LIBRARIES = 500;

export interface CompositionDeps extends OrchestrationDeps {
  context: ContextService;
  governance: GovernanceService;
  workflow: WorkflowService;
  /** Kinds of steps the workers of this installation know. */
  kinds(): readonly string[];
}

/** What would be, or was, made of something that happened. */
export interface Composed {
  outcome: 'chosen' | 'ambiguous' | 'none' | 'refused' | 'standing';
  workflow: string | null;
  source: string | null;
  candidates: Candidate[];
  hint: string | null;
  /** With the origin of each step; null where nothing is to run. */
  graph: WorkflowGraph | null;
  graphHash: string | null;
}

export interface CompositionService {
  /** Workflows of a repository above the shipped ones; without one, the shipped ones. */
  library(repository?: string): Promise<Library>;
  /**
   * What would be made of a work item, or of a signal as connectors give it; nothing is written.
   * @throws AppError `workflow.bad_signal`, `work.unknown`.
   */
  preview(of: { workItemId: Id<'wrk'> } | { signal: JsonObject }): Promise<Composed>;
  /** Starts what a signal is for. Twice, it changes nothing. Undefined: the signal is for nothing. */
  considerSignal(signal: Signal, cause: Id<'evt'>): Promise<Composed | undefined>;
  /** Looks for workflows for open work items that have changed. Gives how many it considered. */
  considerWorkItems(limit: number): Promise<number>;
  list(filter: { outcome?: string | undefined } & PageRequest): Promise<Page<store.CompositionRow>>;
}

export function createCompositionService(deps: CompositionDeps): CompositionService {
  const { db, ledger, context, governance, workflow, newId } = deps;
  const log = deps.log.child({ room: 'composition' });
  /** By repository: read again when its head has moved. */
  const kept = new Map<string, { sha: string; library: Library }>();

  async function library(name?: string | null): Promise<Library> {
    const repository = name == null ? undefined : await context.findRepository(name);
    if (repository?.headSha == null) return joinLibrary([]);
    const known = kept.get(repository.name);
    if (known?.sha === repository.headSha) return known.library;
    const git = await context.openMirror(repository.name);
    const base = { git, baseSha: repository.headSha, repository: repository.name };
    const read = await loadLibrary(deps, base);
    if (kept.size >= MAX_KEPT_LIBRARIES) kept.clear();
    kept.set(repository.name, { sha: repository.headSha, library: read });
    return read;
  }

  async function occasionOfSignal(signal: Signal) {
    const named = signal.type === 'check.completed' ? signal.repository : undefined;
    const repository = named === undefined ? undefined : await context.findRepository(named);
    return occasionOf(signal, {
      mainHead: repository?.headSha ?? null,
      identities: (author) => identitiesOf(signal.source, author),
    });
  }

  /** What stands against a person's wish to begin something; undefined when nothing does. */
  async function refusalOf(askedBy: readonly string[] | null, repository: string | null) {
    if (askedBy === null) return undefined;
    const person = await governance.findPersonByIdentity(askedBy);
    const isAllowed =
      person !== undefined &&
      governance.isAllowed({ ...person, kind: 'person', scopes: 'all' }, 'runs:control', {
        kind: 'repository',
        id: repository ?? '*',
        ...(repository === null ? {} : { repository }),
      });
    if (isAllowed) return undefined;
    return `${askedBy[0] ?? 'Whoever wrote it'} may not start work here: an admin can give them the role developer.`;
  }

  function unavailableIn(chosen: LibraryWorkflow): string | undefined {
    const missing = kindsOf(chosen.graph.steps).find((kind) => !deps.kinds().includes(kind));
    if (missing === undefined) return undefined;
    return `The workflow ${chosen.name} has a step of kind ${missing}, which no worker here can do.`;
  }

  async function compose(occasion: Occasion, refusal: string | undefined): Promise<Composed> {
    const { workflows } = await library(occasion.facts.repository);
    const found = classify(occasion.facts, workflows);
    const { chosen, candidates } = found;
    const why = refusal ?? (chosen === undefined ? undefined : unavailableIn(chosen));
    if (chosen === undefined || why !== undefined) {
      const outcome = chosen === undefined ? 'none' : 'refused';
      return nothing(outcome, candidates, why ?? found.hint);
    }
    const graph = weave(chosen);
    return {
      outcome: found.outcome as Exclude<Classification['outcome'], 'none'>,
      workflow: chosen.name,
      source: chosen.source,
      candidates,
      hint: found.hint,
      graph,
      graphHash: graphHash(graph),
    };
  }

  /** Starts what was composed, unless it was before. */
  async function begin(occasion: Occasion, composed: Composed, episode: string): Promise<Composed> {
    return db.transaction(async (tx) => {
      const isWorkItem = occasion.facts.kind === 'workItem';
      const standing =
        composed.graph === null
          ? undefined
          : await store.findStanding(tx, occasion.subject, isWorkItem);
      const result =
        standing === undefined
          ? composed
          : nothing('standing', composed.candidates, `The run ${standing} is at it.`);
      const event = newId('evt');
      const runId = result.graph === null ? null : newId('run');
      const isNew = await store.insertComposition(tx, {
        eventId: event,
        subject: occasion.subject,
        fingerprint: fingerprintOf(occasion.facts, episode),
        repository: occasion.facts.repository,
        workItemId: occasion.workItemId,
        outcome: result.outcome,
        workflow: result.workflow,
        source: result.source,
        candidates: result.candidates,
        hint: result.hint,
        facts: occasion.facts,
        graphHash: result.graphHash,
        runId,
      });
      if (!isNew) return result;
      if (runId === null || result.graph === null) {
        await tellUnmatched(tx, occasion, result, { event, standing });
        return result;
      }
      await start(tx, occasion, result, { event, runId, graph: result.graph });
      log.info({ runId, workflow: result.workflow, about: occasion.subject }, 'workflow composed');
      return result;
    });
  }

  async function tellUnmatched(
    tx: Tx,
    occasion: Occasion,
    { outcome, candidates, hint }: Composed,
    { event, standing }: { event: Id<'evt'>; standing: Id<'run'> | undefined },
  ): Promise<void> {
    // Most work items are nobody's wish for a workflow; the record of them is enough.
    if (occasion.facts.kind === 'workItem' && outcome === 'none') return;
    if (outcome === 'chosen' || outcome === 'ambiguous') return;
    const facts = { id: event, outcome, standing, candidates, hint };
    await ledger.append(tx, workflowUnmatched(occasion, facts));
  }

  async function start(
    tx: Tx,
    occasion: Occasion,
    composed: Composed,
    { event, runId, graph }: { event: Id<'evt'>; runId: Id<'run'>; graph: WorkflowGraph },
  ): Promise<void> {
    const item = await openWorkItemFor(tx, deps, occasion);
    const { facts, title } = occasion;
    const { candidates, hint, outcome } = composed;
    await ledger.append(
      tx,
      workflowComposed(occasion, {
        id: event,
        runId,
        workItemId: item.id,
        correlationId: item.correlationId,
        graph,
        graphHash: composed.graphHash ?? '',
        isAmbiguous: outcome === 'ambiguous',
        candidates,
        hint,
      }),
    );
    await workflow.start(tx, {
      id: runId,
      definition: graph,
      title,
      input: { ...occasion.input, workItemId: item.id },
      workItemId: item.id,
      ...(facts.repository === null ? {} : { repository: facts.repository }),
      correlationId: item.correlationId,
      cause: event,
    });
  }

  async function considerWorkItem(row: Awaited<ReturnType<typeof store.takeUnconsidered>>[number]) {
    const occasion = occasionOfWorkItem(toWorkItem(row));
    await begin(occasion, await compose(occasion, undefined), '');
    await store.noteConsidered(db, row);
  }

  return {
    library,

    async preview(of) {
      if ('workItemId' in of) {
        const row = await findWorkItem(db, of.workItemId);
        if (row === undefined) {
          throw new AppError('not_found', 'work.unknown', {
            message: `There is no work item ${of.workItemId}.`,
            hint: 'List the open ones with `loom work`.',
          });
        }
        return compose(occasionOfWorkItem(toWorkItem(row)), undefined);
      }
      const signal = readSignal(of.signal);
      if (signal.type === 'work-item.updated') {
        const { labels, repository = null } = signal.workItem;
        const facts = { kind: 'workItem', repository, labels, source: signal.source } as const;
        return compose({ ...EMPTY, facts, subject: signal.workItem.externalKey }, undefined);
      }
      if (signal.type.startsWith('change.') && 'change' in signal) {
        const { workflows } = await library(signal.change.repository);
        return composedOfChange(workflows);
      }
      const told = await occasionOfSignal(signal);
      if (told === undefined) {
        return nothing('none', [], `A signal ${signal.type} like this one starts no workflow.`);
      }
      const refusal = await refusalOf(told.askedBy, told.facts.repository);
      return compose({ ...told, cause: undefined }, refusal);
    },

    async considerSignal(signal, cause) {
      const told = await occasionOfSignal(signal);
      if (told === undefined) return undefined;
      const { askedBy, ...rest } = told;
      const occasion = await onKnownWork({ ...rest, cause }, signal);
      const refusal = await refusalOf(askedBy, occasion.facts.repository);
      return begin(occasion, await compose(occasion, refusal), episodeOf(signal));
    },

    async considerWorkItems(limit) {
      const rows = await store.takeUnconsidered(db, limit);
      for (const row of rows) {
        await considerWorkItem(row).catch(async (error: unknown) => {
          // A repository that cannot be read keeps no other item from being considered.
          if (!(error instanceof AppError)) throw error;
          log.warn({ err: error, workItemId: row.id }, 'no workflow looked for yet');
        });
      }
      return rows.length;
    },

    async list({ limit, cursor, outcome }) {
      const before = cursor === undefined ? null : decodeCursor(Cursor, cursor);
      const rows = await store.listCompositions(db, {
        outcome: outcome ?? null,
        before: before === null ? null : { createdAt: before[0], id: before[1] },
        limit,
      });
      return toPage(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
    },
  };

  /** A command in a comment is about the work item it stands below, where that is known. */
  async function onKnownWork(occasion: Occasion, signal: Signal): Promise<Occasion> {
    if (signal.type !== 'command.given' || signal.isChange) return occasion;
    const key = `${signal.repository}#${signal.number}`;
    const item = await findByExternalKey(db, key, signal.source);
    if (item === undefined) return occasion;
    const { id, title, correlation_id: correlationId } = item;
    return { ...occasion, title, subject: `work-item:${id}`, workItemId: id, correlationId };
  }
}

function readSignal(told: JsonObject): Signal {
  const { occurredAt } = told;
  const at = new Date(typeof occurredAt === 'string' ? occurredAt : '');
  return checkValue(Signal, { ...told, occurredAt: at }, 'workflow.bad_signal');
}

const EMPTY = {
  title: '',
  input: {},
  workItemId: null,
  correlationId: null,
  cause: undefined,
} as const;

function nothing(
  outcome: Composed['outcome'],
  candidates: Candidate[],
  hint: string | null,
): Composed {
  return { outcome, workflow: null, source: null, candidates, hint, graph: null, graphHash: null };
}

/** What a change runs through: the workflow named change. */
function composedOfChange(workflows: readonly LibraryWorkflow[]): Composed {
  const chosen = workflows.find(({ name }) => name === 'change');
  if (chosen === undefined) return nothing('none', [], 'There is no workflow named change.');
  const graph = weave(chosen);
  const candidates = [{ workflow: 'change', origin: chosen.source, priority: chosen.priority }];
  return {
    outcome: 'chosen',
    workflow: 'change',
    source: chosen.source,
    candidates,
    hint: null,
    graph,
    graphHash: graphHash(graph),
  };
}

/** Equal graphs are one object, so that they are prepared and kept once. */
const woven = new WeakMap<WorkflowGraph, WorkflowGraph>();

function weave({ graph }: LibraryWorkflow): WorkflowGraph {
  const known = woven.get(graph) ?? weaveGraph(graph);
  woven.set(graph, known);
  return known;
}

function kindsOf(steps: WorkflowGraph['steps']): string[] {
  return steps.flatMap(({ kind, control, undo }) => [
    ...(control === undefined ? [kind] : kindsOf(control.body ?? [])),
    ...(undo === undefined ? [] : [undo.kind]),
  ]);
}

/** What makes the same facts another occasion: another commit, another comment. */
function episodeOf(signal: Signal): string {
  if (signal.type === 'check.completed') return signal.headSha;
  if (signal.type === 'command.given') return signal.dedupeKey;
  if (signal.type === 'incident.reported') return signal.externalKey;
  return '';
}
