/** The events of composition: what was chosen for something that happened, or why nothing was. */
import type { Id } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { WorkflowGraph } from '../workflow-graph.ts';
import type { Candidate } from './classify.ts';
import type { Occasion } from './facts.ts';

/** Steps and candidates that are named; the graph itself is kept by its hash. */
const MAX_NAMED = 100;

/** Before its run starts: the graph with the reason of each step. */
export function workflowComposed(
  occasion: Occasion,
  facts: {
    id: Id<'evt'>;
    runId: Id<'run'>;
    workItemId: Id<'wrk'> | null;
    correlationId: string;
    graph: WorkflowGraph;
    graphHash: string;
    isAmbiguous: boolean;
    candidates: readonly Candidate[];
    hint: string | null;
  },
): NewEvent {
  const { graph, graphHash, isAmbiguous, candidates, hint } = facts;
  return {
    id: facts.id,
    type: 'workflow.composed',
    subject: facts.runId,
    actor: ORCHESTRATION,
    cause: occasion.cause,
    correlationId: facts.correlationId,
    refs: {
      run: facts.runId,
      ...(facts.workItemId === null ? {} : { workItem: facts.workItemId }),
      ...(graphRepository(occasion) === null ? {} : { repository: graphRepository(occasion)! }),
    },
    data: {
      about: occasion.subject,
      facts: occasion.facts,
      workflow: graph.name,
      source: graph.source,
      graphHash,
      isAmbiguous,
      hint,
      candidates: candidates.slice(0, MAX_NAMED),
      stepCount: graph.steps.length,
      steps: graph.steps
        .slice(0, MAX_NAMED)
        .map(({ name, kind, needs, origin }) => ({ name, kind, needs, origin })),
    },
  };
}

/** Nothing begins: no workflow matches, one is at it already, or it may not or cannot be. */
export function workflowUnmatched(
  occasion: Occasion,
  facts: {
    id: Id<'evt'>;
    outcome: 'none' | 'refused' | 'standing';
    standing: Id<'run'> | undefined;
    candidates: readonly Candidate[];
    hint: string | null;
  },
): NewEvent {
  const { id, standing, ...data } = facts;
  const repository = graphRepository(occasion);
  return {
    id,
    type: 'workflow.unmatched',
    subject: occasion.subject,
    actor: ORCHESTRATION,
    cause: occasion.cause,
    ...(occasion.correlationId === null ? {} : { correlationId: occasion.correlationId }),
    refs: {
      ...(standing === undefined ? {} : { run: standing }),
      ...(occasion.workItemId === null ? {} : { workItem: occasion.workItemId }),
      ...(repository === null ? {} : { repository }),
    },
    data: { facts: occasion.facts, ...data },
  };
}

function graphRepository({ facts }: Occasion): string | null {
  return facts.repository;
}
