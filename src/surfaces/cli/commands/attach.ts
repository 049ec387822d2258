import { AppError, suggest } from '#kernel';
import { likelyNames } from '../../hooks/work-tree.ts';
import { WIRINGS, type Wiring } from '../attach/agents.ts';
import { type GatePlan, planGate } from '../attach/commit-gate.ts';
import { versionOf } from '../attach/examine.ts';
import {
  findAgentsHere,
  findProgram,
  openFolder,
  showDiff,
  type WiredFolder,
} from '../attach/folder.ts';
import { dropOriginals, keepOriginals, restoreOriginals } from '../attach/originals.ts';
import { attachFile, detachFile, type Scope, type WiredFile } from '../attach/wiring.ts';
import type { ApiClient } from '../client.ts';
import { remoteOf } from '../here.ts';
import type { GlobalFlags, RegisterCommands } from '../program.ts';

type Verb = 'attach' | 'detach';
interface Options {
  agent?: string[];
  all?: boolean;
  user?: boolean;
  repository?: boolean;
  dryRun?: boolean;
  telemetry?: boolean;
  commitGate?: boolean;
}
interface Done {
  agents: string[];
  scope: Scope;
  root: string;
  changed: string[];
  written: boolean;
  diff: string;
  notes: string[];
}

const NAMES = WIRINGS.map(({ agent }) => agent);

export const registerAttach: RegisterCommands = (program, context) => {
  for (const verb of ['attach', 'detach'] as const) {
    program
      .command(verb)
      .description(
        verb === 'attach'
          ? 'wire agents into the repository you stand in: hooks and MCP, with the exact diff'
          : 'take out what attach put in, and nothing else',
      )
      .option(
        '--agent <name...>',
        `which agents: ${NAMES.join(', ')} (default: ${verb === 'attach' ? 'those on this machine' : 'those attached'})`,
      )
      .option('--all', 'every agent we know')
      .option('--user', 'for all you do on this machine, instead of for one repository')
      .option('--repository', 'for the repository you stand in (default)')
      .option('--telemetry', 'only the reporting of tokens and cost, in your own files')
      .option('--no-commit-gate', 'leave the commit-msg hook of the repository as it is')
      .option('--dry-run', 'show the diff and change nothing')
      .addHelpText(
        'after',
        `\nExamples:\n  $ loom ${verb} --dry-run\n  $ loom ${verb} --agent codex cursor\n  $ loom ${verb} --user --agent gemini-cli\n  $ loom ${verb} --telemetry --agent claude-code\n`,
      )
      .action(async (options: Options) => {
        const isTelemetry = options.telemetry === true;
        const scope: Scope = options.user === true || isTelemetry ? 'user' : 'repository';
        if (scope === 'user' && options.repository === true) {
          throw new AppError('invalid', 'cli.usage', {
            message: `--${isTelemetry ? 'telemetry' : 'user'} and --repository exclude each other.`,
            hint: 'Leave out one of them.',
          });
        }
        const opened = openFolder(scope, program.opts<GlobalFlags>());
        const folder = isTelemetry ? { ...opened, plans: opened.telemetryPlans } : opened;
        const wirings = chooseAgents(verb, options, folder);
        const wired = verb === 'attach' ? attach(folder, wirings) : detach(folder, wirings, opened);
        const gate =
          scope === 'repository' && options.commitGate !== false
            ? gateFor(verb, folder, wirings)
            : undefined;
        const changed = [
          ...wired.filter(({ before, after }) => before !== after),
          ...(gate?.files ?? []),
        ];
        const done: Done = {
          agents: wirings.map(({ agent }) => agent),
          scope,
          root: folder.root,
          changed: changed.map(({ path }) => path),
          written: options.dryRun !== true,
          diff: changed.map((file) => showDiff(file, folder.nameOf(file.path))).join(''),
          notes:
            verb === 'attach' && changed.length > 0
              ? [
                  ...(gate?.notes ?? []),
                  ...wirings.flatMap((wiring) => [
                    ...(isTelemetry ? [] : wiring.notes(scope)),
                    ...folder.telemetryNotes(wiring),
                  ]),
                ]
              : [],
        };
        if (done.written) {
          write(verb, folder, wired);
          gate?.write();
          if (!isTelemetry) await report(verb, folder, wirings, context.client);
        }
        context
          .output()
          .result(done, () =>
            [done.diff, summary(verb, done), ...done.notes.map((note) => `  ! ${note}`)]
              .filter((part) => part !== '')
              .join('\n'),
          );
      });
  }
};

/** Agents attached where one stands; none outside of a repository. */
export function attachedHere(flags: GlobalFlags): string[] {
  try {
    const folder = openFolder('repository', flags);
    return WIRINGS.filter(({ hasHooks }) => hasHooks)
      .filter((wiring) => folder.isAttached(wiring))
      .map(({ agent }) => agent);
  } catch {
    return [];
  }
}

/** The hook of git stays while any agent of the work tree is attached. */
function gateFor(
  verb: Verb,
  folder: WiredFolder,
  wirings: readonly Wiring[],
): GatePlan | undefined {
  const { root, caller } = folder;
  const staying = WIRINGS.filter((it) => it.hasHooks && !wirings.includes(it));
  if (verb === 'detach' && staying.some((wiring) => folder.isAttached(wiring))) return undefined;
  return planGate(verb, root, caller);
}

/** Every file is judged before the first one is written: a failure leaves all as they were. */
function attach(folder: WiredFolder, wirings: readonly Wiring[]): WiredFile[] {
  const files = new Map<string, WiredFile>();
  for (const plan of wirings.flatMap(folder.plans)) {
    const known = files.get(plan.path);
    const before = known === undefined ? folder.read(plan.path) : known.before;
    const { after } = attachFile(plan, known === undefined ? before : known.after);
    files.set(plan.path, { path: plan.path, before, after });
  }
  return [...files.values()];
}

/** `whole`: the folder with all that may be wired in it, where `folder` shows a part of it only. */
function detach(folder: WiredFolder, wirings: readonly Wiring[], whole: WiredFolder): WiredFile[] {
  const stay = WIRINGS.filter((wiring) => !wirings.includes(wiring))
    .filter((wiring) => wiring.hasHooks && folder.isAttached(wiring))
    .flatMap(folder.plans);
  const files = new Map<string, WiredFile>();
  for (const plan of wirings.flatMap(folder.plans)) {
    const known = files.get(plan.path);
    const before = known === undefined ? folder.read(plan.path) : known.before;
    const { after } = detachFile(plan, known === undefined ? before : known.after, stay);
    files.set(plan.path, { path: plan.path, before, after });
  }
  const attached = folder === whole ? [] : WIRINGS.filter((wiring) => whole.isAttached(wiring));
  const shared = [...stay, ...attached.flatMap(whole.plans)];
  const isShared = ({ path }: WiredFile) => shared.some((plan) => plan.path === path);
  const all = [...files.values()];
  return [
    ...all.filter(isShared),
    ...restoreOriginals(
      folder.originals,
      all.filter((file) => !isShared(file)),
    ),
  ];
}

function write(verb: Verb, folder: WiredFolder, wired: readonly WiredFile[]): void {
  const { originals } = folder;
  // Remembered first: whatever happens between the two, the way back is known.
  if (verb === 'attach') {
    folder.keep(
      keepOriginals(originals, wired, ({ path, before }) => folder.isClean(path, before)),
    );
  }
  for (const file of wired) if (file.before !== file.after) folder.write(file);
  if (verb === 'detach') folder.keep(dropOriginals(originals, wired, folder.isClean));
}

/** Tells the server, so that others see what is wired; a server that is away is no reason to fail. */
async function report(
  verb: Verb,
  { scope, root }: WiredFolder,
  wirings: readonly Wiring[],
  connect: () => ApiClient,
): Promise<void> {
  const remoteUrl = scope === 'user' ? '' : remoteOf(root);
  const repository = scope === 'user' ? '' : (likelyNames({ remoteUrl, toplevel: root })[0] ?? '');
  try {
    const client = connect();
    await Promise.all(
      wirings.map(async ({ agent, programs }) => {
        const program = programs.map(findProgram).find((path) => path !== undefined);
        const version =
          verb === 'attach' && program !== undefined ? await versionOf(program) : null;
        const body = { agent, repository, version, attached: verb === 'attach' };
        await client.send('POST', '/v1/agents/attachments', body);
      }),
    );
  } catch {
    // The wiring is done; the first event will tell.
  }
}

function chooseAgents(verb: Verb, { agent, all }: Options, folder: WiredFolder): readonly Wiring[] {
  if (agent !== undefined) return agent.map(findWiring);
  const known = WIRINGS.filter(({ hasHooks }) => hasHooks);
  if (all === true) return known;
  if (verb === 'detach') return known.filter((wiring) => leavesTraces(wiring, folder));
  const here = findAgentsHere();
  return here.length > 0 ? here : [findWiring('claude-code')];
}

/** By its text, so that a broken file of another agent is in nobody's way. */
function leavesTraces(wiring: Wiring, folder: WiredFolder): boolean {
  return folder.plans(wiring).some((plan) => {
    const text = folder.read(plan.path);
    return (
      text !== undefined &&
      (plan.format === 'own' || text.includes(` hook ${wiring.agent} `) || text.includes('/otlp'))
    );
  });
}

/** @throws AppError `attach.unknown_agent`. */
export function findWiring(name: string): Wiring {
  const wiring = WIRINGS.find(({ agent }) => agent === name);
  if (wiring !== undefined) return wiring;
  const near = suggest(name, NAMES);
  throw new AppError('invalid', 'attach.unknown_agent', {
    message: `${name} cannot be attached.`,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Known agents: ${NAMES.join(', ')}. Any other that speaks MCP can use \`loom mcp\` as its server command.`,
  });
}

function summary(verb: Verb, done: Done): string {
  const names = done.agents.join(', ');
  if (done.changed.length === 0) {
    return verb === 'attach'
      ? `${names} ${done.agents.length > 1 ? 'are' : 'is'} attached already; nothing to change.`
      : `${names === '' ? 'No agent' : names} ${done.agents.length > 1 ? 'are' : 'is'} ${names === '' ? '' : 'not '}attached; nothing to change.`;
  }
  if (!done.written) return 'Nothing was written (--dry-run).';
  return verb === 'attach'
    ? `Attached: ${names}. Start it here; its session appears in the console. \`loom doctor --agent NAME\` proves that its hooks fire, \`loom detach\` undoes this.`
    : `Detached: ${names}. What others wrote in these files is as it was.`;
}
