import { gitVersion } from '#git';
import { AppError, loadConfig, toAppError } from '#kernel';
import {
  ago,
  attachedHere,
  examineAgent,
  EXIT_CODES,
  type Finding,
  findWiring,
  type GlobalFlags,
  type ProtectionReport,
  printable,
  type RegisterCommands,
  type SystemStatus,
  type Wire,
} from '#surfaces';

export const registerDoctor: RegisterCommands = (program, context) => {
  program
    .command('doctor')
    .description('every dependency, its state and the next step')
    .option('--agent <name>', 'prove that the hooks of one agent arrive')
    .option('--wait <seconds>', 'with --agent: wait for its next event')
    .option('--run', 'with --agent: start it once with a short prompt, on your own model account')
    .addHelpText(
      'after',
      '\nExit code: 12 when something has failed.\n\nExamples:\n  $ loom doctor\n  $ loom doctor --agent codex --wait 60\n  $ loom doctor --json\n',
    )
    .action(async (options: { agent?: string; wait?: string; run?: boolean }) => {
      const flags = program.opts<GlobalFlags>();
      const waitSeconds = Math.min(Math.max(Number(options.wait ?? 0) || 0, 0), 3_600);
      const findings =
        options.agent === undefined
          ? [
              nodeFinding(),
              await gitFinding(),
              configFinding(flags),
              ...(await serverFindings(context.client())),
              ...(await protectionFindings(context.client())),
              attachFinding(flags),
            ]
          : await examineAgent(
              findWiring(options.agent),
              { waitSeconds, run: options.run === true },
              { client: context.client(), flags },
            );
      if (findings.some(({ state }) => state === 'failed')) context.setExitCode(EXIT_CODES.unsound);
      context.output().result({ findings }, () =>
        findings
          .map(({ what, state, detail, next }) => {
            const mark = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' }[state];
            return `${mark}  ${what.padEnd(22)} ${printable(detail)}${next === null ? '' : `\n${' '.repeat(33)}-> ${next}`}`;
          })
          .join('\n'),
      );
    });
};

function nodeFinding(): Finding {
  return { what: 'Node', state: 'ok', detail: process.versions.node, next: null };
}

async function gitFinding(): Promise<Finding> {
  try {
    const { version, isSupported } = await gitVersion();
    return {
      what: 'git',
      state: isSupported ? 'ok' : 'failed',
      detail: version,
      next: isSupported ? null : 'install git 2.38 or newer',
    };
  } catch (error) {
    return {
      what: 'git',
      state: 'failed',
      detail: toAppError(error).message,
      next: 'install git 2.38 or newer',
    };
  }
}

function configFinding(flags: GlobalFlags): Finding {
  try {
    const config = loadConfig({ flags: { data: flags.data } });
    return { what: 'configuration', state: 'ok', detail: `data in ${config.data}`, next: null };
  } catch (error) {
    const { message, hint } = toAppError(error);
    return { what: 'configuration', state: 'failed', detail: message, next: hint ?? null };
  }
}

/** As many as are worth a look from a terminal; each costs calls of the host's budget. */
const MAX_REPOSITORIES = 20;

interface Client {
  readonly url: string;
  get<Answer>(path: string): Promise<Answer>;
}
type Status = Wire<SystemStatus> & {
  hooks?: { agent: string; event: string; lastAt: string }[];
};

async function serverFindings(client: Client): Promise<Finding[]> {
  let status: Status;
  try {
    status = await client.get<Status>('/v1/system');
  } catch (error) {
    const { message, hint } = error instanceof AppError ? error : toAppError(error);
    return [{ what: 'server', state: 'failed', detail: message, next: hint ?? null }];
  }
  const { database, loops, connectors, outbox, hooks = [] } = status;
  const failing = loops.filter(({ state }) => state !== 'running');
  return [
    { what: 'server', state: 'ok', detail: `answers at ${client.url}`, next: null },
    {
      what: 'database',
      state: database.state === 'ready' ? 'ok' : 'failed',
      detail: `PostgreSQL ${database.version ?? '?'}, ${database.isEmbedded ? 'embedded' : 'DATABASE_URL'}`,
      next:
        database.state === 'ready'
          ? null
          : 'look at the server log; the embedded server restarts by itself',
    },
    {
      what: 'background work',
      state: failing.length === 0 ? 'ok' : 'warning',
      detail:
        failing.length === 0
          ? `${loops.length} loops run`
          : failing.map(({ name, lastError }) => `${name}: ${lastError ?? 'stopped'}`).join('; '),
      next: failing.length === 0 ? null : 'look at the server log',
    },
    {
      what: 'outgoing messages',
      state: outbox.failed > 0 ? 'warning' : 'ok',
      detail: `${outbox.waiting} waiting, ${outbox.failed} given up`,
      next:
        outbox.failed > 0
          ? 'see the events outbox.delivery-failed in the console under Audit'
          : null,
    },
    ...connectors.map(({ name, state, detail }): Finding => ({
      what: `connector ${name}`,
      state: state === 'failing' ? 'failed' : 'ok',
      detail: state === 'off' ? `off: ${detail}` : detail,
      next: null,
    })),
    ...(hooks.length === 0
      ? [
          {
            what: 'hooks',
            state: 'warning' as const,
            detail: 'no agent has called yet',
            next: 'run `loom attach` in a repository and start the agent there',
          },
        ]
      : hooks.map(({ agent, event, lastAt }): Finding => ({
          what: `hooks of ${agent}`,
          state: 'ok',
          detail: `connected, last event ${event} ${ago(lastAt)}`,
          next: null,
        }))),
  ];
}

/** A branch that can be moved around us makes every verdict advice. */
async function protectionFindings(client: Client): Promise<Finding[]> {
  try {
    const { items } = await client.get<{ items: { id: string; name: string; host: string }[] }>(
      `/v1/repositories?limit=${MAX_REPOSITORIES}`,
    );
    const hosted = items.filter(({ host }) => host !== 'git');
    return await Promise.all(
      hosted.map(async ({ id, name }): Promise<Finding> => {
        const path = `/v1/repositories/${encodeURIComponent(id)}/protection`;
        const { branch, state, findings } = await client.get<Wire<ProtectionReport>>(path);
        const first = findings.find(({ level }) => level !== 'ok');
        return {
          what: `${branch} of ${name}`,
          state: state === 'protected' ? 'ok' : 'warning',
          detail: first?.text ?? 'protected: it moves only with our verdict',
          next: first?.hint ?? null,
        };
      }),
    );
  } catch {
    // That the server does not answer, or not to this token, is said by the finding on the server.
    return [];
  }
}

function attachFinding(flags: GlobalFlags): Finding {
  const attached = attachedHere(flags);
  return {
    what: 'this folder',
    state: 'ok',
    detail:
      attached.length === 0 ? 'no agent is attached here' : `attached here: ${attached.join(', ')}`,
    next: attached.length === 0 ? 'run `loom attach` where your agent works' : null,
  };
}
