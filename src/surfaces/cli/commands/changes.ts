import type { Page } from '#kernel';
import type { Approval } from '#governance';
import type { Change, RunWithSteps } from '#orchestration';
import type { Decision } from '#policy';
import { choiceOption } from '../options.ts';
import { ago, printable, shortSource, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export interface ChangeDetail {
  change: Wire<Change>;
  decision: Wire<Decision> | null;
  approvals: Wire<Approval>[];
  run: Wire<RunWithSteps> | null;
}

export const registerChanges: RegisterCommands = (program, context) => {
  const changes = program.command('changes').description('proposed changes and their verdicts');

  changes
    .command('list', { isDefault: true })
    .description('list changes, newest first')
    .addOption(choiceOption('--state <state>', 'only those', ['open', 'merged', 'closed']))
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExamples:\n  $ loom changes\n  $ loom changes --state open --json\n')
    .action(async (options: { state?: string; repository?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<Change>>>('/v1/changes', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'state', value: (it) => it.state },
            { title: 'lane', value: (it) => it.lane },
            { title: 'title', value: (it) => it.title },
            { title: 'author', value: (it) => it.authorName, max: 24 },
            { title: 'by', value: (it) => it.authorKind },
            { title: 'updated', value: (it) => ago(it.updatedAt) },
          ],
          'No changes yet. Push a branch to a connected repository.',
        ),
      );
    });

  changes
    .command('show <id>')
    .description('one change: verdict, deciding rules, what is missing, progress')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom changes show chg_019…\n  $ loom changes show acme/shop#12\n',
    )
    .action(async (id: string) => {
      const detail = await context
        .client()
        .get<ChangeDetail>(`/v1/changes/${encodeURIComponent(id)}`);
      context.output().result(detail, renderChange);
    });

  for (const [verb, decision] of [
    ['approve', 'approve'],
    ['decline', 'decline'],
  ] as const) {
    changes
      .command(`${verb} <id>`)
      .description(`${verb} a change as it stands now; a later push voids it`)
      .requiredOption('--reason <text>', 'why, for the record')
      .option('--head <sha>', 'the commit you looked at (default: the head now)')
      .addHelpText(
        'after',
        `\nExample:\n  $ loom changes ${verb} chg_019… --reason "Boundary cases are tested."\n`,
      )
      .action(async (id: string, options: { reason: string; head?: string }) => {
        const client = context.client();
        const path = `/v1/changes/${encodeURIComponent(id)}`;
        const headSha = options.head ?? (await client.get<ChangeDetail>(path)).change.headSha;
        const answer = await client.send<unknown>('POST', `${path}/reviews`, {
          decision,
          headSha,
          reason: options.reason,
        });
        context.output().result(answer, () => `${verb}d ${id} at ${headSha.slice(0, 10)}`);
      });
  }
};

export function renderChange(detail: ChangeDetail): string {
  const { change, decision, approvals, run } = detail;
  const lines = [
    `${printable(change.title)}  (${change.id})`,
    `${change.repository} ${printable(change.branch)} -> ${change.baseBranch} at ${change.headSha.slice(0, 10)}, ${change.state}, by ${printable(change.authorName)} (${change.authorKind})`,
  ];
  if (decision !== null) lines.push('', ...renderDecision(decision));
  for (const approval of approvals) {
    lines.push(
      `${approval.decision} by ${printable(approval.personName)}: ${printable(approval.reason)} (${approval.state})`,
    );
  }
  if (run !== null) {
    lines.push('', `run ${run.id}: ${run.state}`);
    for (const step of run.steps)
      lines.push(
        `  ${step.state.padEnd(10)} ${step.name}${step.message === null ? '' : `  ${printable(step.message)}`}`,
      );
  }
  return lines.join('\n');
}

/** The verdict as a person reads it: lane, deciding rules with their lines, factors, what is missing. */
export function renderDecision(decision: Omit<Wire<Decision>, 'id' | 'changeId'>): string[] {
  return [
    ...renderRules(decision),
    ...decision.factors.map(
      (factor) =>
        `  ${String(factor.points).padStart(4)} ${factor.name}: ${printable(factor.explanation)}`,
    ),
  ];
}

/** The verdict without its risk: lane, deciding rules with their lines, and what is missing. */
export function renderRules(decision: Omit<Wire<Decision>, 'id' | 'changeId'>): string[] {
  const width = Math.max(0, ...decision.rules.map(({ id }) => id.length));
  return [
    `verdict: ${decision.lane} (${decision.outcome}), risk ${decision.score} of 100, policy ${decision.policyVersion} from ${shortSource(decision.policySource)}`,
    ...decision.rules.map(
      (rule) =>
        `  ${rule.isMet ? 'met ' : 'open'} ${rule.id.padEnd(width)}  ${rule.line === 0 ? 'built in' : `${rule.file}:${rule.line}`}  "${printable(rule.because)}"`,
    ),
    ...decision.missing.map((missing) => `  missing: ${printable(missing.what)}`),
  ];
}
