import {
  type Decision,
  POLICY_PATH,
  policyFileSchema,
  type PolicyProblem,
  type PolicySummary,
  type RiskExplanation,
  testPolicy,
  validatePolicy,
} from '#policy';
import { catalogHere, findUsualFile } from '../here.ts';
import { counted, EXIT_CODES, printable, shortSource, table } from '../output.ts';
import { AppError } from '#kernel';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import { renderExplanation } from '../render-explanation.ts';
import { type ChangeDetail, renderRules } from './changes.ts';
import { registerBacktest } from './policy-backtest.ts';
import { registerPublishing } from './policy-publish.ts';
import { readText } from './workflow.ts';

export const registerPolicy: RegisterCommands = (program, context) => {
  const policy = program.command('policy').description('the rules leaders write');

  policy
    .command('validate [file]')
    .description(
      `check a policy file and run its own tests, without a server (default: ${POLICY_PATH})`,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom policy validate\n  $ loom policy validate draft.yaml --json\n',
    )
    .action(async (file: string = findUsualFile(POLICY_PATH)) => {
      const { problems, remarks } = validatePolicy(readText(file), file, await catalogHere());
      if (problems.length > 0) context.setExitCode(EXIT_CODES.usage);
      context
        .output()
        .result({ file, isValid: problems.length === 0, problems, remarks }, () =>
          [
            problems.length === 0 ? `${file}: no problem` : renderProblems(file, problems),
            ...remarks.map(({ line, message }) => `${file}:${line}: remark: ${printable(message)}`),
          ].join('\n'),
        );
    });

  policy
    .command('test [file]')
    .description(
      `run the tests a policy file holds and say what each gave, without a server (default: ${POLICY_PATH})`,
    )
    .addHelpText('after', '\nExample:\n  $ loom policy test\n')
    .action(async (file: string = findUsualFile(POLICY_PATH)) => {
      const report = testPolicy(readText(file), file, await catalogHere());
      const failed = report.results.filter(({ isPassed }) => !isPassed).length;
      if (failed > 0 || report.problems.length > 0) context.setExitCode(EXIT_CODES.failed);
      context
        .output()
        .result({ file, ...report }, ({ problems, results }) =>
          problems.length > 0
            ? renderProblems(file, problems)
            : [
                ...results.map(
                  (it) =>
                    `${it.isPassed ? 'passed' : 'FAILED'}  ${printable(it.name)}  (line ${it.line}): ${it.lane}, score ${it.score}, by ${it.rules.join(', ')}${it.differences.map((difference) => `\n          ${printable(difference)}`).join('')}`,
                ),
                results.length === 0
                  ? `${file} holds no tests. Add some under \`tests:\`; docs/policy.md shows how.`
                  : `${counted(results.length, 'test')}, ${failed} failed`,
              ].join('\n'),
        );
    });

  policy
    .command('explain <decision>')
    .description(
      'why a decision came out as it did: the rules that decided, every factor on its curve, and whether the model kept its word',
    )
    .option(
      '--replay',
      'also judge the recorded facts again, and say whether the verdict is the same',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom policy explain dec_019…\n  $ loom policy explain chg_019…      the newest decision of a change\n  $ loom policy explain dec_019… --replay\n',
    )
    .action(async (reference: string, options: { replay?: boolean }) => {
      const client = context.client();
      const decision = reference.startsWith('dec_')
        ? await client.get<Wire<Decision>>(`/v1/decisions/${encodeURIComponent(reference)}`)
        : (await client.get<ChangeDetail>(`/v1/changes/${encodeURIComponent(reference)}`)).decision;
      if (decision === null) {
        throw new AppError('not_found', 'check.no_verdict', {
          message: `${reference} has no verdict yet.`,
          hint: `Its checks come first; \`loom changes show ${reference}\` shows how far they are.`,
        });
      }
      const replay =
        options.replay === true
          ? await client.get<{ isIdentical: boolean }>(
              `/v1/decisions/${encodeURIComponent(decision.id)}/replay`,
            )
          : undefined;
      const explanation = await client.get<Wire<RiskExplanation>>(
        `/v1/decisions/${encodeURIComponent(decision.id)}/explanation`,
      );
      if (replay?.isIdentical === false) context.setExitCode(EXIT_CODES.unsound);
      context
        .output()
        .result({ ...decision, explanation, ...(replay === undefined ? {} : { replay }) }, (it) =>
          [
            `${it.id} over ${it.changeId} (${it.repository}) at ${it.headSha.slice(0, 10)}, ${it.decidedAt}`,
            ...renderRules(it),
            ...renderExplanation(explanation),
            ...(replay === undefined
              ? []
              : [
                  replay.isIdentical
                    ? 'replayed: the same verdict, byte for byte'
                    : 'replayed: ANOTHER verdict; the record was altered or the engine differs',
                ]),
          ].join('\n'),
        );
    });

  policy
    .command('schema')
    .description('the JSON Schema of policy files, for editors; without a server')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom policy schema > .loom/policy.schema.json\n\nThen begin the policy file with\n  # yaml-language-server: $schema=policy.schema.json\n',
    )
    .action(() => {
      context.output().result(policyFileSchema(), (schema) => JSON.stringify(schema, null, 2));
    });

  registerBacktest(policy, context);
  registerPublishing(policy, context);

  policy
    .command('show <repository>')
    .description('the policy in force for a repository, and why a newer file was refused')
    .addHelpText('after', '\nExample:\n  $ loom policy show acme/shop\n')
    .action(async (repository: string) => {
      const summary = await context.client().get<Wire<PolicySummary>>('/v1/policy', { repository });
      context.output().result(summary, (it) =>
        [
          `version ${it.version} from ${shortSource(it.source)}`,
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
              {
                title: 'line',
                value: (rule) => (rule.line === 0 ? null : rule.line),
                align: 'right',
              },
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

export function renderProblems(file: string, problems: readonly PolicyProblem[]): string {
  return problems
    .map(
      ({ line, column, message, suggestion }) =>
        `${file}:${line}:${column}: ${printable(message)}${suggestion === null ? '' : ` Did you mean ${suggestion}?`}`,
    )
    .join('\n');
}
