/**
 * Workflow files: text in, a graph out, or every problem with its line, column and suggestion. The
 * schema is closed, because a key that is ignored is a rule somebody believes in and nobody keeps.
 */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { AppError, type JsonObject, suggest } from '#kernel';
import type { WorkflowGraph } from '../service.ts';
import { durationMs, type SignalType, WorkflowFile } from './definition-schema.ts';
import { findCycle, graphHash } from './graph.ts';

export interface WorkflowProblem {
  line: number;
  column: number;
  /** Where in the file, such as `steps.2.kind`. */
  path: string;
  message: string;
  /** What was probably meant. */
  suggestion: string | null;
}

export interface WorkflowDefinition {
  graph: WorkflowGraph;
  /** Signals that start a run of it. */
  on: SignalType[];
  /** SHA-256 of the graph. */
  hash: string;
}

const LONGEST_FILE = 256 * 1024;
type Path = readonly (string | number)[];

/** Checks a workflow file. The definition is there if and only if there are no problems. */
export function validateWorkflow(
  text: string,
  source = 'workflow.yaml',
): { definition: WorkflowDefinition | undefined; problems: WorkflowProblem[] } {
  if (text.length > LONGEST_FILE) {
    const message = `The file is larger than ${LONGEST_FILE / 1024} KiB.`;
    return refused([{ line: 1, column: 1, path: '', message, suggestion: null }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return refused(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { line, column: col, path: '', message: error.message, suggestion: null };
      }),
    );
  }

  const at = new Places(document, lines);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch {
    return refused([at.problem([], 'The file repeats itself by aliases too often.')]);
  }
  const parsed = WorkflowFile.safeParse(value);
  if (!parsed.success) {
    return refused(parsed.error.issues.flatMap((issue) => toProblems(issue, value, at)));
  }
  const problems = graphProblems(parsed.data, at);
  if (problems.length > 0) return refused(problems);

  const graph = toGraph(parsed.data, source, at);
  return { definition: { graph, on: parsed.data.on, hash: graphHash(graph) }, problems: [] };
}

/** Reads a workflow file. @throws AppError `workflow.invalid` with all problems in its details. */
export function parseWorkflow(text: string, source: string): WorkflowDefinition {
  const { definition, problems } = validateWorkflow(text, source);
  if (definition !== undefined) return definition;
  const first = problems[0]!;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new AppError('invalid', 'workflow.invalid', {
    message: `${source}:${first.line}:${first.column}: ${first.message}${more}`,
    hint:
      first.suggestion === null
        ? 'Check the file with `loom workflow validate`.'
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

/** Finds the place of a value, or of a key, in the text. */
class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** The nearest thing that is there: a missing key is reported at what should hold it. */
  line(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown =
        length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#position(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  key(path: Path, key: string): { line: number; column: number } {
    const holder: unknown =
      path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const pair = isMap(holder)
      ? holder.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    const range = isScalar(pair?.key) ? pair.key.range : undefined;
    return range ? this.#position(range[0]) : this.line(path);
  }

  problem(path: Path, message: string, suggestion?: string): WorkflowProblem {
    return {
      ...this.line(path),
      path: path.join('.'),
      message,
      suggestion: suggestion ?? null,
    };
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  file: ['name', 'on', 'steps'],
  step: ['name', 'kind', 'needs', 'with', 'retries', 'timeout', 'when'],
  retries: ['max', 'backoff'],
};

function toProblems(issue: z.core.$ZodIssue, value: unknown, at: Places): WorkflowProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known =
      KNOWN_KEYS[path.length === 0 ? 'file' : path.at(-1) === 'retries' ? 'retries' : 'step'] ?? [];
    return issue.keys.map((key) => ({
      ...at.key(path, key),
      path: [...path, key].join('.'),
      message: `There is no key ${key} here; known are ${known.join(', ')}.`,
      suggestion: suggest(key, known) ?? null,
    }));
  }
  if (issue.code === 'invalid_value') {
    const written = valueAt(value, path);
    const known = issue.values.map(String);
    const message =
      written === undefined
        ? `${String(path.at(-1))} is missing.`
        : `${JSON.stringify(written)} is not one of ${known.join(', ')}.`;
    const suggestion = typeof written === 'string' ? suggest(written, known) : undefined;
    return [at.problem(path, message, suggestion)];
  }
  const isMissing = issue.code === 'invalid_type' && valueAt(value, path) === undefined;
  const name = path.length === 0 ? 'The file' : String(path.at(-1));
  return [at.problem(path, isMissing ? `${name} is missing.` : `${name}: ${issue.message}`)];
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

/** What only shows between the steps: names, needs, conditions, circles. */
function graphProblems({ steps }: WorkflowFile, at: Places): WorkflowProblem[] {
  const names = new Set(steps.map(({ name }) => name));
  const problems: WorkflowProblem[] = [];
  const seen = new Set<string>();
  for (const [index, step] of steps.entries()) {
    if (seen.has(step.name)) {
      problems.push(at.problem(['steps', index, 'name'], `Two steps are called ${step.name}.`));
    }
    seen.add(step.name);
    for (const [position, need] of step.needs.entries()) {
      if (names.has(need)) continue;
      const others = [...names].filter((name) => name !== step.name);
      problems.push(
        at.problem(
          ['steps', index, 'needs', position],
          `Step ${step.name} needs ${need}, which is not a step.`,
          suggest(need, others),
        ),
      );
    }
    for (const name of Object.keys(step.when ?? {})) {
      const known = ['input', ...step.needs];
      if (known.includes(name)) continue;
      problems.push({
        ...at.key(['steps', index, 'when'], name),
        path: `steps.${index}.when.${name}`,
        message: `A condition reads the input or a step listed in needs; ${name} is neither.`,
        suggestion: suggest(name, known) ?? null,
      });
    }
  }
  const cycle = findCycle(steps);
  if (problems.length === 0 && cycle.length > 0) {
    const index = steps.findIndex(({ name }) => name === cycle[0]);
    problems.push(
      at.problem(
        ['steps', index, 'needs'],
        `These steps wait for each other in a circle: ${cycle.join(' -> ')}.`,
      ),
    );
  }
  return problems;
}

function toGraph(file: WorkflowFile, source: string, at: Places): WorkflowGraph {
  return {
    name: file.name,
    source,
    steps: file.steps.map((step, index) => ({
      name: step.name,
      kind: step.kind,
      needs: [...new Set(step.needs)],
      with: step.with as JsonObject,
      origin: `${source}:${at.line(['steps', index]).line}`,
      maxAttempts: step.retries.max + 1,
      backoffMs: durationMs(step.retries.backoff),
      timeoutMs: step.timeout === undefined ? null : durationMs(step.timeout),
      when: step.when,
    })),
  };
}
