/**
 * Workflow files: text in, a graph out, or every problem with its line, column and suggestion. The
 * schema is closed, because a key that is ignored is a rule somebody believes in and nobody keeps.
 */
import { LineCounter, parseDocument } from 'yaml';
import { AppError } from '#kernel';
import type { WorkflowGraph } from '../workflow-graph.ts';
import { stepProblems, toGraphSteps } from './definition-graph.ts';
import { Places, toProblems, type WorkflowProblem } from './definition-problems.ts';
import { durationMs, type SignalType, WorkflowFile } from './definition-schema.ts';
import { countSteps, graphHash, MAX_STEPS } from './graph.ts';
import type { MatchTrigger } from './triggers.ts';

export type { WorkflowProblem } from './definition-problems.ts';

export interface WorkflowDefinition {
  graph: WorkflowGraph;
  description: string;
  /** News of changes that start a run of it. */
  on: SignalType[];
  /** Other news that may start one, each with its line. */
  triggers: { line: number; match: MatchTrigger }[];
  priority: number;
  /** SHA-256 of the graph. */
  hash: string;
}

const LONGEST_FILE = 256 * 1024;

/** Checks a workflow file. The definition is there if and only if there are no problems. */
export function validateWorkflow(
  text: string,
  source = 'workflow.yaml',
): { definition: WorkflowDefinition | undefined; problems: WorkflowProblem[] } {
  const lines = new LineCounter();
  if (text.length > LONGEST_FILE) {
    const at = new Places(parseDocument(''), lines);
    const message = `The file is larger than ${LONGEST_FILE / 1024} KiB.`;
    return refused([{ ...at.problem([], 'workflow.bad_yaml', message), line: 1, column: 1 }]);
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = new Places(document, lines);
  if (document.errors.length > 0) {
    return refused(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { ...at.problem([], 'workflow.bad_yaml', error.message), line, column: col };
      }),
    );
  }

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch {
    const message = 'The file repeats itself by aliases too often.';
    return refused([at.problem([], 'workflow.bad_yaml', message)]);
  }
  const parsed = WorkflowFile.safeParse(value);
  if (!parsed.success) {
    return refused(parsed.error.issues.flatMap((issue) => toProblems(issue, value, at)));
  }
  const problems = stepProblems(parsed.data.steps, at);
  if (problems.length > 0) return refused(problems);
  return finish(parsed.data, source, at);
}

function finish(
  file: WorkflowFile,
  source: string,
  at: Places,
): ReturnType<typeof validateWorkflow> {
  const { name, description = '', on, priority, timeout } = file;
  const graph: WorkflowGraph = {
    name,
    source,
    steps: toGraphSteps(file.steps, source, at),
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout) }),
  };
  const count = countSteps(graph.steps);
  if (count > MAX_STEPS) {
    const message = `The file has ${count} steps, and ${MAX_STEPS} is the limit.`;
    return refused([at.problem(['steps'], 'workflow.too_many_steps', message)]);
  }
  const definition = {
    graph,
    description,
    on: on.filter((trigger) => typeof trigger === 'string'),
    triggers: on.flatMap((match, index) =>
      typeof match === 'string' ? [] : [{ line: at.line(['on', index]).line, match }],
    ),
    priority,
    hash: graphHash(graph),
  };
  return { definition, problems: [] };
}

/** Reads a workflow file. @throws AppError `workflow.invalid` with all problems in its details. */
export function parseWorkflow(text: string, source: string): WorkflowDefinition {
  const { definition, problems } = validateWorkflow(text, source);
  if (definition !== undefined) return definition;
  throw refusal(source, problems);
}

/** All problems of a file as one error. */
export function refusal(source: string, problems: readonly WorkflowProblem[]): AppError {
  const first = problems[0]!;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new AppError('invalid', 'workflow.invalid', {
    message: `${source}:${first.line}:${first.column}: ${first.message}${more}`,
    hint:
      first.suggestion === null
        ? (first.hint ?? 'Check the file with `loom workflow validate`.')
        : `Did you mean ${first.suggestion}?`,
    details: { source, problems },
  });
}

function refused(problems: WorkflowProblem[]): {
  definition: undefined;
  problems: WorkflowProblem[];
} {
  return {
    definition: undefined,
    problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}
