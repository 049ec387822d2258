import { readFileSync } from 'node:fs';
import { AppError } from '#kernel';
import {
  GRAPH_FORMATS,
  type GraphFormat,
  parseWorkflow,
  renderWorkflow,
  validateWorkflow,
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
      const { problems, definition } = validateWorkflow(readText(file), file);
      if (problems.length > 0) context.setExitCode(EXIT_CODES.usage);
      context
        .output()
        .result({ file, isValid: problems.length === 0, problems }, () =>
          problems.length === 0
            ? `${file}: ${counted(definition?.graph.steps.length ?? 0, 'step')}, no problem`
            : problems
                .map(
                  ({ line, column, message, suggestion }) =>
                    `${file}:${line}:${column}: ${message}${suggestion === null ? '' : ` Did you mean ${suggestion}?`}`,
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
      const { graph } = parseWorkflow(readText(file), file);
      const wanted: GraphFormat = context.output().isJson ? 'json' : format;
      context.streams.out(renderWorkflow(graph, wanted));
    });
};

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
