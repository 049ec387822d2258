import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '#kernel';
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
import { counted, EXIT_CODES } from '../output.ts';
import type { RegisterCommands } from '../program.ts';

const DEFAULT_FILE = '.loom/workflows/change.yaml';

export const registerWorkflow: RegisterCommands = (program, context) => {
  const workflow = program
    .command('workflow')
    .description('workflow files: checked and drawn, without a server');

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
};

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
