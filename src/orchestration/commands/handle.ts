/**
 * Does what a command asks for with the rights of the person who wrote it, and answers on the page it came
 * from. An account nobody has tied to a person may read what the page shows anyway and change nothing. What
 * is not understood is answered once per page: a mistyping is helped, a flood is not.
 */
import { type CommandName, COMMANDS, describeCommands, type Signal } from '#connectors/contract';
import type { Action, GovernanceService, Person, Principal } from '#governance';
import { AppError, type Id } from '#kernel';
import type { Actor } from '#ledger';
import type { PolicyService } from '#policy';
import type { ChangeKeeper } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
import type { Change } from '../schema.ts';
import type { WorkflowService, WorkService } from '../service.ts';
import { identitiesOf } from '../work/index.ts';
import { doCommand, type Given } from './commands.ts';

export interface CommandDeps extends OrchestrationDeps {
  changes: ChangeKeeper;
  governance: GovernanceService;
  policy: PolicyService;
  workflow: WorkflowService;
  work: WorkService;
  /** Page of a change in the console. */
  detailsUrl(changeId: string): string;
}

type CommandSignal = Extract<Signal, { type: 'command.given' }>;

/** What a command needs; undefined is free to everybody who can read the page. */
const NEEDED: Record<CommandName, Action | undefined> = {
  help: undefined,
  status: undefined,
  explain: undefined,
  'approve-request': 'changes:check',
  rerun: 'changes:check',
  hold: 'changes:check',
  release: 'changes:check',
};

export function createCommandHandler(
  deps: CommandDeps,
): (signal: CommandSignal, cause: Id<'evt'>) => Promise<void> {
  return async (signal, cause) => {
    const change = signal.isChange
      ? await deps.changes.resolve(`${signal.repository}#${signal.number}`)
      : undefined;
    // A host may tell us of more repositories than were imported; those are none of ours.
    if (signal.isChange && change === undefined) return;
    const person = await deps.governance.findPersonByIdentity(
      identitiesOf(signal.source, signal.author),
    );
    const reply = await replyTo(deps, signal, { change, person });
    await deps.db.transaction(async (tx) => {
      await deps.ledger.append(tx, {
        type: 'command.answered',
        subject: change?.id ?? signal.dedupeKey,
        actor: actorOf(signal, person),
        cause,
        refs: {
          repository: signal.repository,
          ...(change === undefined ? {} : { change: change.id }),
          ...(person === undefined ? {} : { person: person.id }),
        },
        data: { word: signal.word, outcome: reply.outcome },
      });
      await deps.ledger.enqueue(tx, {
        target: 'host.answer',
        payload: {
          host: signal.source,
          repository: signal.repository,
          number: signal.number,
          markdown: reply.markdown,
        },
        idempotencyKey: reply.onceKey ?? `command:${signal.dedupeKey}`,
        cause,
      });
    });
  };
}

interface Reply {
  outcome: 'done' | 'refused' | 'unknown';
  markdown: string;
  /** Equal keys are answered once. */
  onceKey?: string;
}

async function replyTo(
  deps: CommandDeps,
  signal: CommandSignal,
  { change, person }: { change: Change | undefined; person: Person | undefined },
): Promise<Reply> {
  const page = `${signal.source}:${signal.repository}#${signal.number}`;
  const name = signal.word.toLowerCase();
  if (!isCommand(name)) {
    const markdown = `I do not know that command. I understand:\n\n${describeCommands()}`;
    return { outcome: 'unknown', markdown, onceKey: `unknown-command:${page}` };
  }
  const needed = NEEDED[name];
  const principal = person === undefined ? undefined : principalOf(person);
  if (needed !== undefined && principal === undefined) {
    return {
      outcome: 'refused',
      markdown: `This account is not tied to a person in LoomStack, so I cannot do that for it. Ask an administrator to add \`${signal.source}:${signal.author.login ?? '…'}\` to a person.`,
      onceKey: `stranger:${page}:${signal.author.login ?? ''}`,
    };
  }
  const isAllowed =
    needed === undefined ||
    deps.governance.isAllowed(principal!, needed, {
      kind: 'change',
      id: change?.id ?? page,
      repository: signal.repository,
    });
  if (!isAllowed) {
    return { outcome: 'refused', markdown: `You lack the right \`${needed}\` for that.` };
  }
  const given: Given = {
    name,
    argument: signal.argument,
    key: signal.dedupeKey,
    by: signal.author.login ?? person?.name ?? 'somebody',
    actor: actorOf(signal, person),
    at: { source: signal.source, repository: signal.repository, number: signal.number },
    change,
  };
  try {
    return { outcome: 'done', markdown: await doCommand(deps, given) };
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
    return { outcome: 'refused', markdown: [error.message, error.hint].filter(Boolean).join(' ') };
  }
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

function actorOf(signal: CommandSignal, person: Person | undefined): Actor {
  return person === undefined
    ? { kind: 'connector', id: signal.source }
    : { kind: 'person', id: person.id };
}

function principalOf({ id, name, roles, teams, identities }: Person): Principal {
  return { kind: 'person', id, name, roles, teams, identities, scopes: 'all' };
}
