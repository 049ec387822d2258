/** `/v1/workflows`: what there is to run, and what would be made of something that happens. */
import { z } from 'zod';
import { AppError, idSchema, JsonObject } from '#kernel';
import type { Composed, LibraryWorkflow } from '#orchestration';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, repositoryName } from '../schemas.ts';

/** Steps of bodies have the same shape, so the schema says only that they are objects. */
const GraphStep = z.object({
  name: z.string(),
  kind: z.string(),
  needs: z.array(z.string()),
  with: JsonObject,
  /** Which template line or rule put it here. */
  origin: z.string(),
  maxAttempts: z.int(),
  timeoutMs: z.int().nullable(),
  when: JsonObject.nullable(),
  /** Limits, undoing, repeats and fan-outs, as far as it has them. */
  terms: JsonObject,
});
const WorkflowGraph = named(
  'WorkflowGraph',
  z.object({ name: z.string(), source: z.string(), steps: z.array(GraphStep) }),
);
const Workflow = named(
  'Workflow',
  z.object({
    name: z.string(),
    description: z.string(),
    /** The file at its commit, or `built-in`. */
    source: z.string(),
    isShipped: z.boolean(),
    priority: z.int(),
    /** News of changes that start it. */
    on: z.array(z.string()),
    triggers: z.array(z.object({ line: z.int(), match: JsonObject })),
    hash: z.string(),
    graph: WorkflowGraph,
  }),
);
const WorkflowProblem = z.object({
  line: z.int(),
  column: z.int(),
  path: z.string(),
  code: z.string(),
  message: z.string(),
  suggestion: z.string().nullable(),
  hint: z.string().nullable(),
});
const WorkflowLibrary = named(
  'WorkflowLibrary',
  z.object({
    workflows: z.array(Workflow),
    /** Files that were refused; the last good one of each stays in force. */
    refused: z.array(z.object({ path: z.string(), problems: z.array(WorkflowProblem) })),
  }),
);
const Candidate = z.object({ workflow: z.string(), origin: z.string(), priority: z.int() });
const OUTCOMES = ['chosen', 'ambiguous', 'none', 'refused', 'standing'] as const;
const Composition = named(
  'Composition',
  z.object({
    outcome: z.enum(OUTCOMES),
    workflow: z.string().nullable(),
    source: z.string().nullable(),
    candidates: z.array(Candidate),
    hint: z.string().nullable(),
    graphHash: z.string().nullable(),
    graph: WorkflowGraph.nullable(),
  }),
);
const CompositionRecord = named(
  'CompositionRecord',
  z.object({
    id: idSchema('evt'),
    subject: z.string(),
    kind: z.string(),
    repository: z.string().nullable(),
    workItemId: idSchema('wrk').nullable(),
    outcome: z.enum(OUTCOMES),
    workflow: z.string().nullable(),
    source: z.string().nullable(),
    candidates: z.array(Candidate),
    hint: z.string().nullable(),
    facts: JsonObject,
    graphHash: z.string().nullable(),
    runId: idSchema('run').nullable(),
    createdAt: z.date(),
  }),
);

export function workflowRoutes({ composition, workflows }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/workflows',
      access: 'runs:read',
      tag: 'runs',
      summary: 'List workflows',
      description:
        'The workflows of a repository above the shipped ones, with their graphs and what starts them.',
      query: z.strictObject({ repository: repositoryName.optional() }),
      answer: WorkflowLibrary,
      async handle({ query }) {
        const library = await composition.library(query.repository);
        return {
          workflows: library.workflows.map(toWorkflow),
          refused: library.refused.map(({ path, problems }) => ({
            path,
            problems: [...problems],
          })),
        };
      },
    }),
    route({
      method: 'post',
      path: '/v1/workflows/compose',
      access: 'runs:read',
      tag: 'runs',
      summary: 'Compose a workflow, as a dry run',
      description:
        'Which workflow a work item or a signal is for, and its graph with the origin of each step. Nothing is written or started.',
      body: z.strictObject({
        workItemId: idSchema('wrk').optional(),
        /** As connectors give it, with `occurredAt` as text. */
        signal: JsonObject.optional(),
      }),
      bodyExample: {
        signal: {
          type: 'incident.reported',
          source: 'pager',
          dedupeKey: 'pager:42',
          occurredAt: '2026-11-22T10:00:00Z',
          title: 'Checkout is down',
          severity: 'critical',
          state: 'open',
          externalKey: '42',
          repository: 'acme/shop',
        },
      },
      answer: Composition,
      handle: async ({ body }) => toComposition(await composition.preview(occasionIn(body))),
    }),
    route({
      method: 'get',
      path: '/v1/compositions',
      access: 'runs:read',
      tag: 'runs',
      summary: 'List compositions',
      description:
        'What was chosen for each thing that happened, or why nothing was, newest first.',
      query: listQuery({ outcome: z.enum(OUTCOMES).optional() }),
      answer: page(CompositionRecord),
      handle: ({ query }) => composition.list(query),
    }),
    route({
      method: 'get',
      path: '/v1/workflow-graphs/{hash}',
      access: 'runs:read',
      tag: 'runs',
      summary: 'Show the graph a run was started with',
      description: 'By its hash, whatever has become of the file it came from.',
      params: z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/) }),
      answer: WorkflowGraph,
      handle: async ({ params: { hash } }) =>
        toGraph(found(await workflows.findGraph(hash), 'workflow graph', hash)),
    }),
  ];
}

function occasionIn(body: {
  workItemId?: `wrk_${string}` | undefined;
  signal?: JsonObject | undefined;
}) {
  const { workItemId, signal } = body;
  if (workItemId !== undefined && signal === undefined) return { workItemId };
  if (workItemId === undefined && signal !== undefined) {
    return { signal };
  }
  throw new AppError('invalid', 'workflow.bad_signal', {
    message: 'Name a work item or a signal, one of the two.',
    hint: 'The types of signals are listed in docs/workflows.md.',
  });
}

function toWorkflow(workflow: LibraryWorkflow) {
  const { name, description, source, isShipped, priority, on, triggers, hash, graph } = workflow;
  return {
    name,
    description,
    source,
    isShipped,
    priority,
    on,
    triggers: triggers.map(({ line, match }) => ({ line, match: asJson(match) })),
    hash,
    graph: toGraph(graph),
  };
}

function toComposition(composed: Composed) {
  return { ...composed, graph: composed.graph === null ? null : toGraph(composed.graph) };
}

function toGraph({ name, source, steps }: LibraryWorkflow['graph']) {
  return {
    name,
    source,
    steps: steps.map(({ when, limit, undo, onFailure, control, backoff, ...step }) => ({
      name: step.name,
      kind: step.kind,
      needs: step.needs,
      with: step.with,
      origin: step.origin,
      maxAttempts: step.maxAttempts,
      timeoutMs: step.timeoutMs,
      when: when ?? null,
      terms: asJson({ limit, undo, onFailure, control, backoff }),
    })),
  };
}

/** Plain data without what is undefined. */
function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
