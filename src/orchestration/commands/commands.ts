/** Each command as a call of the services, with the words it is answered with. */
import { type CommandName, describeCommands } from '#connectors/contract';
import { AppError } from '#kernel';
import type { Actor } from '#ledger';
import { findHold, holdChange, releaseChange } from '../changes/index.ts';
import { toHostChange } from '../host-change.ts';
import type { Change } from '../schema.ts';
import { loginsOf } from '../steps/approve.ts';
import { renderVerdict } from '../steps/render-verdict.ts';
import type { CommandDeps } from './handle.ts';

export interface Given {
  name: CommandName;
  argument: string;
  /** Names this giving of the command. */
  key: string;
  /** As the page shows them. */
  by: string;
  actor: Actor;
  at: { source: string; repository: string; number: number };
  change: Change | undefined;
}

/** Who is named; a reviewer's name is never more than the host itself would take. */
const LOGIN = /@([\w-]+(?:\/[\w.-]+)?)/g;
const MAX_NAMED = 10;

/** Does it and gives the answer. @throws AppError when it cannot be done. */
export async function doCommand(deps: CommandDeps, given: Given): Promise<string> {
  switch (given.name) {
    case 'help':
      return `I understand:\n\n${describeCommands()}`;
    case 'status':
      return given.change === undefined ? statusOfWork(deps, given) : statusOf(deps, given.change);
    case 'explain':
      return explain(deps, needChange(given));
    case 'approve-request':
      return askReviewers(deps, given, needChange(given));
    case 'rerun':
      return rerun(deps, given, needChange(given));
    case 'hold':
      return hold(deps, given, needChange(given));
    case 'release': {
      const change = needChange(given);
      const isReleased = await releaseChange(deps, change, given.actor);
      return isReleased ? 'The hold is taken away.' : 'Nobody holds this change.';
    }
  }
}

async function statusOf(deps: CommandDeps, change: Change): Promise<string> {
  const held = await findHold(deps.db, change.id);
  const decision = await deps.db.transaction((tx) => deps.policy.latestDecision(tx, change.id));
  const missing = decision?.headSha === change.headSha ? decision.missing : [];
  const lines = [
    `**${change.state}** at \`${change.headSha.slice(0, 12)}\`, lane ${change.lane ?? 'not judged yet'}.`,
    ...(held === undefined
      ? []
      : [`Held by ${plain(held.heldBy)}${held.reason === '' ? '' : `: ${plain(held.reason)}`}.`]),
    ...missing.map(({ what }) => `- missing: ${plain(what)}`),
    `[Details](${deps.detailsUrl(change.id)})`,
  ];
  return lines.join('\n');
}

async function statusOfWork({ work }: CommandDeps, { at }: Given): Promise<string> {
  const { items } = await work.list({ repository: at.repository, limit: 200 });
  const item = items.find(({ externalKey }) => externalKey === `${at.repository}#${at.number}`);
  if (item === undefined) return 'LoomStack has no work item for this issue yet.';
  return `**${item.state}**${item.sessionId === null ? '' : ', an agent session is on it'}.`;
}

async function explain(deps: CommandDeps, change: Change): Promise<string> {
  const decision = await deps.db.transaction((tx) => deps.policy.latestDecision(tx, change.id));
  if (decision === undefined) return 'There is no verdict on this change yet.';
  return renderVerdict(decision, change).summary;
}

async function askReviewers(deps: CommandDeps, given: Given, change: Change): Promise<string> {
  const named = Array.from(given.argument.matchAll(LOGIN), ([, login]) => login!);
  const decision = await deps.db.transaction((tx) => deps.policy.latestDecision(tx, change.id));
  const needed = [...new Set((decision?.missing ?? []).flatMap(({ who }) => who))];
  const logins = (named.length > 0 ? named : loginsOf(needed, change.host)).slice(0, MAX_NAMED);
  if (logins.length === 0) {
    return 'The verdict asks for nobody by name. Name them: `/loom approve-request @login`.';
  }
  await deps.db.transaction((tx) =>
    deps.ledger.enqueue(tx, {
      target: 'host.reviewers',
      payload: {
        host: change.host,
        changeId: change.id,
        change: toHostChange(change),
        who: needed,
        logins,
      },
      idempotencyKey: `reviewers:${given.key}`,
      correlationId: change.correlationId,
    }),
  );
  return `Asked: ${logins.map((login) => `\`${login}\``).join(', ')}.`;
}

async function rerun(deps: CommandDeps, given: Given, change: Change): Promise<string> {
  const { runId } = change;
  if (change.state !== 'open' || runId === null)
    return 'There is nothing to judge: it is not open.';
  const run = await deps.workflow.find(runId);
  if (run !== undefined && (run.state === 'failed' || run.state === 'cancelled')) {
    await deps.workflow.retry(runId, undefined, given.actor);
    return 'The run is taken up again.';
  }
  await deps.db.transaction((tx) =>
    deps.workflow.signal(tx, {
      runId,
      name: 'review',
      body: { decision: 'reconsider', reason: `asked for by ${given.by}` },
      dedupeKey: `command:${given.key}`,
      actor: given.actor,
    }),
  );
  return 'The verdict is asked for again.';
}

async function hold(deps: CommandDeps, given: Given, change: Change): Promise<string> {
  if (change.state !== 'open') return 'It is too late for that: the change is not open.';
  const { by, actor, argument: reason } = given;
  const isNew = await holdChange(deps, change, { by, reason, actor });
  return isNew
    ? 'Held: it will not land until somebody writes `/loom release`.'
    : 'It is held already.';
}

function needChange({ change }: Given): Change {
  if (change !== undefined) return change;
  throw new AppError('invalid', 'commands.needs_change', {
    message: 'That is for pull requests.',
    hint: '`/loom help` lists what can be done here.',
  });
}

/** Words of people must not become mentions or markup. */
function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>#|~]/g, String.raw`\$&`)
    .replaceAll('@', '@\u{200B}');
}
