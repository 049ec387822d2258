/** Every setting there is, in one schema: what reads it, what shows it and the documents follow it. */
import { z } from 'zod';
import { ConnectorSettings } from './connector-settings.ts';
import { count, flag, list, secret } from './setting-types.ts';

/** `meta.secret` marks what must never be shown. */
export const Config = z.strictObject({
  data: z.string().describe('Folder of the embedded database, mirrors, keys and logs.'),
  port: count(0, 65_535)
    .default(7400)
    .describe('Port of console, API, MCP and webhooks. 0 picks a free one.'),
  host: z
    .string()
    .default('127.0.0.1')
    .describe('Address to listen on. Beyond loopback needs allowRemote.'),
  allowRemote: flag
    .default(false)
    .describe('Allow listening beyond loopback. Put TLS in front, and only then set this.'),
  publicUrl: z
    .url()
    .optional()
    .describe('Address under which people and agents reach this server.'),
  organisation: z
    .strictObject({
      name: z
        .string()
        .trim()
        .min(1)
        .max(100)
        .default('My organisation')
        .describe('Name of the organisation, as the console and the API show it.'),
      id: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and "-", like acme')
        .default('default')
        .describe(
          'Short name of the organisation in every new entry of the log (its tenant). Entries keep the one they were written with.',
        ),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: secret
        .optional()
        .describe('A PostgreSQL 15 or newer to use instead of the embedded one.'),
      poolSize: count(2, 200).default(16).describe('Connections each process may hold.'),
    })
    .prefault({}),
  secrets: z
    .strictObject({
      key: secret
        .optional()
        .describe(
          'Seals secrets kept in the database: any 32 or more random characters. Left out, one is made in the data folder; servers that share a database need the same one.',
        ),
      previousKey: secret
        .optional()
        .describe('The key before, until the next start has sealed everything anew.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'])
        .default('info')
        .describe('Least severe log line that is written.'),
      pretty: flag.default(false).describe('Human-readable log lines instead of JSON.'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodyBytes: count().default(5_000_000).describe('Largest request body accepted, in bytes.'),
      requestsPerMinute: count()
        .default(6_000)
        .describe('Requests one token may make in a minute.'),
    })
    .prefault({}),
  hooks: z
    .strictObject({
      failClosed: flag
        .default(false)
        .describe(
          'Deny agent edits while this server cannot be reached. Off: edits go on with one clear line.',
        ),
      timeoutMs: count()
        .default(3_000)
        .describe('How long the hook command waits for an answer, in milliseconds.'),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      leaseMinutes: count(1)
        .default(15)
        .describe('Life of a claim without a sign of life, in minutes.'),
    })
    .prefault({}),
  breakers: z
    .strictObject({
      enabled: flag
        .default(true)
        .describe('Cut loops of sessions, and hold back starts where everything fails.'),
      sameCall: count(2)
        .default(4)
        .describe('Times one call may give the same result with nothing changed between.'),
      sameFailure: count(2).default(3).describe('The same for a call that fails.'),
      cycleRounds: count(2).default(3).describe('Rounds of a cycle of two to four steps.'),
      sameError: count(2).default(4).describe('Times changing calls may meet one class of error.'),
      testRuns: count(3)
        .default(6)
        .describe('Test runs in which the failing tests may fail to get fewer.'),
      editReturns: count(2)
        .default(3)
        .describe('Times edits may lead a file back to an earlier content.'),
      idleSteps: count(5)
        .default(20)
        .describe('Steps without edit or test of which under half may be new.'),
      messages: count(2).default(3).describe('Messages in a row that may say the same.'),
      burstSteps: count(2)
        .default(4)
        .describe('Steps that may cost over eight times the usual tokens.'),
      quietPolls: count(5)
        .default(40)
        .describe('Times something that runs may be asked without news.'),
      tripsToEndSession: count(1)
        .default(3)
        .describe('Ended turns after which the session is ended.'),
      budgetTokens: count(1).optional().describe('Tokens one session may use. Unset: no limit.'),
      budgetUsdCents: count(1)
        .optional()
        .describe('Cents (US) one session may cost. Unset: no limit.'),
      budgetMinutes: count(1).optional().describe('Minutes one session may take. Unset: no limit.'),
      budgetCalls: count(1)
        .optional()
        .describe('Tool calls one session may make. Unset: no limit.'),
      assumedSteps: count(1)
        .default(50)
        .describe('Steps a cut loop is taken to have had before it, in the estimate of savings.'),
      fleetFailures: count(2)
        .default(5)
        .describe('Failed sessions of an agent or in a repository that hold back new ones.'),
      fleetWindowMinutes: count(1).default(30).describe('Minutes in which they are counted.'),
      cooldownMinutes: count(1)
        .default(10)
        .describe('Minutes until one session may probe again; doubled with each failed probe.'),
      reviewDays: count(1)
        .default(2)
        .describe("Days of people's reviewing that may wait before new sessions wait too."),
      reviewFloor: count(1)
        .default(20)
        .describe('Waiting reviews of a repository that never hold back new sessions.'),
      feedbackTurns: count(2)
        .default(12)
        .describe('Times we and another system may change one thing in turn.'),
      feedbackMinutes: count(1).default(10).describe('Minutes in which these turns are counted.'),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      prices: list(
        z
          .string()
          .regex(
            /^\S+=\d+(?:\.\d+)?(?:\/\d+(?:\.\d+)?){1,3}$/,
            'must be a model and US dollars per million tokens, like gpt-5=1.25/10/0.125',
          ),
      )
        .default([])
        .describe(
          'Prices for agents that report tokens and no cost: start of the model name, then US dollars per million tokens of input, output, read from and written to a cache.',
        ),
    })
    .prefault({}),
  claims: z
    .strictObject({
      edits: z
        .enum(['exclusive', 'shared'])
        .default('exclusive')
        .describe(
          'Whether an edit keeps other sessions out of its file, or lets them in and tells them; exclusive paths always keep them out.',
        ),
      exclusivePaths: list(z.string().min(1).max(500))
        .default([])
        .describe(
          'Patterns of files only one session changes at a time, beside migrations, lock files, generated and release files; `!` before a pattern takes files out.',
        ),
    })
    .prefault({}),
  workflow: z
    .strictObject({
      concurrency: count(1).default(8).describe('Steps one node works on at once.'),
      leaseMs: count(500)
        .default(15_000)
        .describe('How long a silent worker keeps a step, a signal or a message, in milliseconds.'),
      commandTimeoutMs: count(1_000)
        .default(600_000)
        .describe('How long a check command may run, in milliseconds.'),
      landingBuilds: count(1, 100)
        .default(2)
        .describe(
          'Trees the landing queue tests at once, over all nodes; from 2 on it tests the next groups ahead of time.',
        ),
      redMainChannel: z
        .string()
        .optional()
        .describe(
          'Where people hear that a branch is red and landing waits, such as slack:#dev. Unset: the log.',
        ),
      archiveAfterDays: count(1)
        .default(30)
        .describe('Days after its end until a run is put away; it is shown as before.'),
      forgetAfterDays: count(1)
        .optional()
        .describe(
          'Days after its end until a put-away run is deleted; the audit log keeps its events. Unset: never.',
        ),
    })
    .prefault({}),
  agents: z
    .strictObject({
      concurrency: count(1, 1_000)
        .default(4)
        .describe('Agents one node runs at once for `agent.run` steps.'),
      warmDevboxes: count(0, 50)
        .default(1)
        .describe('Devboxes kept ready for each repository in which an agent has worked.'),
      home: z
        .string()
        .optional()
        .describe('Folder with the sign-ins of agents, copied into the home of each devbox.'),
      passOn: z
        .preprocess(
          (value) => (typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value),
          z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).max(100),
        )
        .default([])
        .describe(
          'Environment variables of this server that devboxes get, such as registry addresses.',
        ),
    })
    .prefault({}),
  audit: z
    .strictObject({
      origin: z
        .string()
        .default('loomstack.local/log')
        .describe('Name of the transparency log in its checkpoints.'),
      keyFile: z
        .string()
        .optional()
        .describe('Ed25519 private key of the log (PKCS#8 PEM). Unset: kept in the database.'),
    })
    .prefault({}),
  forge: z
    .strictObject({
      enabled: flag.default(true).describe('Serve local git repositories under /git.'),
      webhookSecret: secret
        .optional()
        .describe('Shared secret of the local forge. Unset: made on first start.'),
    })
    .prefault({}),
  github: z
    .strictObject({
      appId: z.string().optional().describe('Id of the GitHub App.'),
      privateKey: secret.optional().describe('Private key of the GitHub App (PEM).'),
      privateKeyFile: z
        .string()
        .optional()
        .describe('File that holds the private key of the GitHub App.'),
      webhookSecret: secret.optional().describe('Webhook secret of the GitHub App.'),
      apiUrl: z.url().default('https://api.github.com').describe('Base address of the GitHub API.'),
      merge: z
        .enum(['by-loomstack', 'by-github'])
        .default('by-loomstack')
        .describe(
          'Who merges what may land: LoomStack at once, or GitHub (auto-merge, merge queue) when its own conditions hold.',
        ),
    })
    .prefault({}),
  gitlab: z
    .strictObject({
      url: z.url().default('https://gitlab.com').describe('Where GitLab runs.'),
      token: secret
        .optional()
        .describe('Access token of GitLab with the scope api and the role Maintainer.'),
      webhookSecret: secret
        .optional()
        .describe(
          'Secret token, or signing token, of GitLab webhooks. Unset: made on first start.',
        ),
    })
    .prefault({}),
  cloudevents: z
    .strictObject({
      webhookSecret: secret
        .optional()
        .describe('Standard Webhooks secret of senders of CloudEvents. Unset: tokens only.'),
    })
    .prefault({}),
  connectors: ConnectorSettings,
  sample: flag
    .default(true)
    .describe('Make the sample organisation on first start without a repository.'),
});
export type Config = z.infer<typeof Config>;

export interface Setting {
  /** Dotted path in loom.yaml, such as `database.poolSize`. */
  path: string;
  /** Environment variable, such as `LOOM_DATABASE_POOL_SIZE`. */
  env: string;
  description: string;
  isSecret: boolean;
  defaultValue: unknown;
}

/** All settings in order, for the command line, `loom config show` and the documents. */
export const SETTINGS: readonly Setting[] = listSettings(Config, []);

function listSettings(schema: z.ZodObject, prefix: string[]): Setting[] {
  return Object.entries(schema.shape).flatMap(([key, field]) => {
    let inner: z.ZodType = field as z.ZodType;
    let defaultValue: unknown;
    let isSecret = false;
    let description = inner.description;
    while (!(inner instanceof z.ZodObject)) {
      const definition = inner.def as { innerType?: z.ZodType; defaultValue?: unknown };
      isSecret ||= inner.meta()?.['secret'] === true;
      description ??= inner.description;
      if (inner instanceof z.ZodDefault) defaultValue = definition.defaultValue;
      if (definition.innerType === undefined) break;
      inner = definition.innerType;
    }
    const path = [...prefix, key];
    if (inner instanceof z.ZodObject) return listSettings(inner, path);
    return [
      {
        path: path.join('.'),
        env: `LOOM_${path.map((part) => part.replaceAll(/([A-Z])/g, '_$1').toUpperCase()).join('_')}`,
        description: description ?? '',
        isSecret,
        defaultValue,
      },
    ];
  });
}
