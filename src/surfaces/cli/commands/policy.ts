import { POLICY_PATH, type PolicySummary, validatePolicy } from '#policy';
import { EXIT_CODES, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import { readText } from './workflow.ts';

export const registerPolicy: RegisterCommands = (program, context) => {
  const policy = program.command('policy').description('the rules leaders write');

  policy
    .command('validate [file]')
    .description(
      `check a policy file and run its own tests, without a server (default: ${POLICY_PATH})`,
    )
    .action((file: string = POLICY_PATH) => {
      const problems = validatePolicy(readText(file), file);
      if (problems.length > 0) context.setExitCode(EXIT_CODES.usage);
      context
        .output()
        .result({ file, isValid: problems.length === 0, problems }, () =>
          problems.length === 0
            ? `${file}: no problem`
            : problems
                .map(
                  ({ line, column, message, suggestion }) =>
                    `${file}:${line}:${column}: ${printable(message)}${suggestion === null ? '' : ` Did you mean ${suggestion}?`}`,
                )
                .join('\n'),
        );
    });

  policy
    .command('show <repository>')
    .description('the policy in force for a repository, and why a newer file was refused')
    .action(async (repository: string) => {
      const summary = await context.client().get<Wire<PolicySummary>>('/v1/policy', { repository });
      context.output().result(summary, (it) =>
        [
          `version ${it.version} from ${it.source}`,
          ...(it.refused === null
            ? []
            : [
                `REFUSED: ${it.refused.source}`,
                ...it.refused.problems.map(
                  ({ line, message }) => `  line ${line}: ${printable(message)}`,
                ),
              ]),
          table(
            it.rules,
            [
              { title: 'line', value: (rule) => rule.line, align: 'right' },
              { title: 'rule', value: (rule) => rule.id },
              { title: 'kind', value: (rule) => rule.kind },
              { title: 'because', value: (rule) => rule.because, max: 80 },
            ],
            'No rules beyond the built-in ones.',
          ),
        ].join('\n'),
      );
    });
};
