import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, JsonObject, parseJson } from '#kernel';
import {
  GRAPH_FORMATS,
  type GraphFormat,
  linkWorkflow,
  refusal,
  renderWorkflow,
  validateWorkflow,
  type WorkflowGraph,
} from '#orchestration';
import { findUsualFile } from '../here.ts';
import { choiceOption } from '../options.ts';
import { counted, EXIT_CODES, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';

const DEFAULT_FILE = '.loom/workflows/change.yaml';

export const registerWorkflow: RegisterCommands = (program, context) => {
  const workflow = program
    .command('workflow')
    .description('workflow files: checked, drawn, and what would be made of a signal');

  workflow
    .command('validate [file]')
    .description(`check a workflow file (default: ${DEFAULT_FILE})`)
    .addHelpText('after', '\nExample:\n  $ loom workflow validate .loom/workflows/change.yaml\n')
    .action((file: string = findUsualFile(DEFAULT_FILE)) => {
      const { problems, definition } = checkFile(file);
      if (problems.length > 0) context.setExitCode(EXIT_CODES.usage);
      context
        .output()
        .result({ file, isValid: problems.length === 0, problems }, () =>
          problems.length === 0
            ? `${file}: ${counted(definition?.graph.steps.length ?? 0, 'step')}, no problem`
            : problems
                .map(
                  ({ line, column, code, message, suggestion, hint }) =>
                    `${file}:${line}:${column}: ${message}${suggestion === null ? '' : ` Did you mean ${suggestion}?`}${hint === null ? '' : ` ${hint}`} [${code}]`,
                )
                .join('\n'),
        );
    });

  workflow
    .command('graph [file]')
    .description('draw the graph of a workflow file')
    .addOption(choiceOption('--format <format>', 'how to draw it', GRAPH_FORMATS, 'text'))
    .addHelpText('after', '\nExample:\n  $ loom workflow graph --format mermaid > graph.mmd\n')
    .action((file: string = findUsualFile(DEFAULT_FILE), { format }: { format: GraphFormat }) => {
      const { definition, problems } = checkFile(file);
      if (definition === undefined) throw refusal(file, problems);
      const { graph } = definition;
      const wanted: GraphFormat = context.output().isJson ? 'json' : format;
      context.streams.out(renderWorkflow(graph, wanted));
    });

  workflow
    .command('list')
    .description('workflows of a repository above the shipped ones')
    .option('--repository <name>', 'with those of this repository')
    .addHelpText('after', '\nExample:\n  $ loom workflow list --repository acme/shop\n')
    .action(async (options: { repository?: string }) => {
      const library = await context.client().get<WireLibrary>('/v1/workflows', { ...options });
      context.output().result(library, ({ workflows, refused }) =>
        [
          table(
            workflows,
            [
              { title: 'name', value: (it) => it.name },
              { title: 'steps', value: (it) => String(it.graph.steps.length) },
              { title: 'starts on', value: (it) => describeTriggers(it), max: 50 },
              { title: 'from', value: (it) => it.source, max: 50 },
              { title: 'what for', value: (it) => it.description, max: 80 },
            ],
            'There are no workflows.',
          ),
          ...refused.map(({ path }) => `${path} was refused; \`loom workflow validate\` says why`),
        ].join('\n'),
      );
    });

  workflow
    .command('compose')
    .description('which workflow a work item or a signal is for, and its graph; starts nothing')
    .option('--work-item <id>', 'an open work item')
    .option('--signal <file>', 'a signal as JSON')
    .option('--dry-run', 'said for clarity: this command never starts anything')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom workflow compose --work-item wrk_019… --dry-run\n  $ loom workflow compose --signal incident.json\n',
    )
    .action(async (options: { workItem?: string; signal?: string }) => {
      const { workItem: workItemId, signal: file } = options;
      const signal =
        file === undefined ? undefined : parseJson(JsonObject, readText(file), 'cli.bad_signal');
      const composed = await context.client().send<WireComposed>('POST', '/v1/workflows/compose', {
        ...(workItemId === undefined ? {} : { workItemId }),
        ...(signal === undefined ? {} : { signal }),
      });
      context.output().result(composed, renderComposed);
    });
};

interface WireGraph {
  steps: { name: string; kind: string; needs: string[]; origin: string }[];
}
interface WireLibrary {
  workflows: {
    name: string;
    description: string;
    source: string;
    on: string[];
    triggers: { match: Record<string, unknown> }[];
    graph: WireGraph;
  }[];
  refused: { path: string }[];
}
interface WireComposed {
  outcome: string;
  workflow: string | null;
  candidates: { workflow: string; origin: string }[];
  hint: string | null;
  graphHash: string | null;
  graph: WireGraph | null;
}

function describeTriggers({ on, triggers }: WireLibrary['workflows'][number]): string {
  return [...on, ...triggers.flatMap(({ match }) => Object.keys(match))].join(', ');
}

function renderComposed({
  outcome,
  workflow,
  candidates,
  hint,
  graph,
  graphHash,
}: WireComposed): string {
  const heading = workflow === null ? outcome : `${outcome}: ${workflow}`;
  return [
    graphHash === null ? heading : `${heading} (graph ${graphHash.slice(0, 12)})`,
    ...candidates.map((one) => `  matched by ${one.origin} (${one.workflow})`),
    ...(hint === null ? [] : [hint]),
    ...(graph === null
      ? []
      : [
          table(
            graph.steps,
            [
              { title: 'step', value: (it) => it.name },
              { title: 'kind', value: (it) => it.kind },
              { title: 'after', value: (it) => it.needs.join(', '), max: 40 },
              { title: 'why it is here', value: (it) => it.origin, max: 70 },
            ],
            'It has no steps.',
          ),
        ]),
  ].join('\n');
}

/** The file with the workflows it names in place; those are looked for beside it. */
function checkFile(file: string): ReturnType<typeof validateWorkflow> {
  const checked = validateWorkflow(readText(file), file);
  if (checked.definition === undefined) return checked;
  const beside = new Map<string, WorkflowGraph>();
  for (const name of readdirSync(dirname(file)).filter((one) => /\.ya?ml$/.test(one))) {
    const path = join(dirname(file), name);
    const { definition } = validateWorkflow(readText(path), path);
    if (definition !== undefined) beside.set(definition.graph.name, definition.graph);
  }
  return linkWorkflow(checked.definition, (name) => beside.get(name), [...beside.keys()]);
}

/** @throws AppError `cli.no_such_file` */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('not_found', 'cli.no_such_file', {
      message: `${path} cannot be read.`,
      hint: 'Name the file, or go to the root of the repository.',
      cause,
    });
  }
}
