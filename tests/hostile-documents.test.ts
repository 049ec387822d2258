/**
 * Goal: whatever stands in a document, a commit message, a prompt, a ticket or a lesson, verdicts, rights
 * and routes are those of a harmless twin of the same shape, and no word of it leaves its quotation.
 * Method: fifty hostile texts and their twins in two repositories that are alike otherwise, behind the
 * real app; every judgement about the one is compared with that about the other.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countTokens } from '#context';
import type { Id } from '#kernel';
import { testRepository, type TestRepository } from '#testing';
import { type TestApp, testApp } from '#testing/app';
import { HOSTILE_DOCUMENTS, twinOf } from './fixtures/hostile-documents.ts';

const KINDS = ['hostile', 'benign'] as const;
type Kind = (typeof KINDS)[number];

const POLICY = `version: 1
default: { lane: one-reviewer }
services:
  payments: ["src/payments/**"]
tiers:
  tier1: { paths: ["src/payments/**"] }
  tier2: { paths: ["docs/**"] }
autonomy:
  tier2:
    because: Notes may ship alone
    max_score: 100
    agents: true
`;
/** Lines a pack may have outside of quotations, whatever its sources say. */
const OWN_LINES = [
  /^# Context: /,
  /^acme\/\w+ at [0-9a-f]{9} on main, pack ctx_[0-9a-f]{32}\. Lines behind ">" quote sources/,
  /^The task names: /,
  /^$/,
  /^## (?:Must know|Lessons|Likely files|Usually changes with them|Owners and reviewers|Open work and recent changes on these files|Incidents|Documents|No longer so|Looked for and not found|Told before and still so)$/,
  /^- \[[a-z]\d+\] /,
  /^- (?:There is|No |The repository|Not read|\d+ more|What others|\S+ names nobody)/,
];
const HIDDEN = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Cf}\u2028\u2029]|(?!\n)\p{Cc}/u;

let app: TestApp;
let token: string;
const repositories = {} as Record<Kind, TestRepository>;
const texts: Record<Kind, readonly string[]> = {
  hostile: HOSTILE_DOCUMENTS.map(({ text }) => text),
  benign: HOSTILE_DOCUMENTS.map((one) => twinOf(one).text),
};

beforeAll(async () => {
  app = await testApp();
  const admin = await app.tokenFor('admin');
  token = await app.tokenFor('developer');
  for (const kind of KINDS) {
    repositories[kind] = await makeRepository(kind);
    const { dir } = repositories[kind];
    await app.call('POST', '/v1/repositories', {
      token: admin,
      body: { url: dir, name: `acme/${kind}` },
    });
  }
});
afterAll(async () => {
  for (const kind of KINDS) await repositories[kind]?.[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

/** All documents on main, and a branch for each that edits it and code, with the text as message. */
async function makeRepository(kind: Kind): Promise<TestRepository> {
  const made = await testRepository();
  await made.commit({
    message: 'Start the shop',
    files: {
      'src/payments/retry.ts':
        'export function retryPayment(attempts: number) {\n  return attempts;\n}\n',
      'src/payments/backoff.ts': 'export const backoff = 2;\n',
      'AGENTS.md': '# Rules\n\nAmounts are integers of cents.\n',
      CODEOWNERS: '* @acme/everyone\n/src/payments/ @acme/payments\n',
      '.loom/policy.yaml': POLICY,
      ...Object.fromEntries(texts[kind].map((text, index) => [`docs/notes/${index}.md`, text])),
    },
  });
  for (const [index, text] of texts[kind].entries()) {
    await made.branch(`change-${index}`, 'main');
    await made.commit({
      message: safeMessage(text),
      files: {
        [`docs/notes/${index}.md`]: `${text}\n${text}`,
        'src/payments/retry.ts': `export function retryPayment(attempts: number) {\n  return attempts + ${index};\n}\n`,
      },
    });
  }
  await made.switchTo('main');
  return made;
}

/** Git takes no zero byte, and an argument has an end. */
function safeMessage(text: string): string {
  return text.replaceAll('\u0000', '').slice(0, 20_000);
}

async function connect(session: string): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(
    new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
      fetch: async (url, init) => app.http.request(new Request(url, init)),
      requestInit: { headers: { authorization: `Bearer ${token}`, 'loom-session': session } },
    }),
  );
  return client;
}

async function startSession(kind: Kind, externalId: string): Promise<Id<'ses'>> {
  const { body } = await app.call('POST', '/v1/sessions', {
    token,
    body: { agent: 'claude-code', externalId, repository: `acme/${kind}` },
  });
  return (body as { id: Id<'ses'> }).id;
}

const hook = async (kind: Kind, event: string, input: object) => {
  const { body } = await app.call('POST', `/hooks/claude-code/${event}`, {
    token,
    body: {
      input: { cwd: '/shop', ...input },
      git: { repository: `acme/${kind}`, toplevel: '/shop' },
    },
  });
  return body as {
    output: { hookSpecificOutput?: { additionalContext?: string; permissionDecision?: string } };
    note: string | null;
  };
};

function checkQuoted(text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    const isQuoted = /^ {2}>(?: |$)/.test(line);
    const isOurs = OWN_LINES.some((own) => own.test(line));
    expect({ line: line.slice(0, 200), isInPlace: isQuoted || isOurs }).toMatchObject({
      isInPlace: true,
    });
  }
  expect(text).not.toMatch(HIDDEN);
}

describe.each(HOSTILE_DOCUMENTS.map(({ name }, index) => ({ name, index })))(
  '$name',
  ({ index }) => {
    test('gets the verdict, the factors and the approvers of its twin', async () => {
      const [hostile, benign] = await Promise.all(
        KINDS.map(async (kind) => {
          const session = await startSession(kind, `verdict-${kind}-${index}`);
          const client = await connect(session);
          const answer = await client.callTool({
            name: 'check_change',
            arguments: { session, branch: `change-${index}` },
          });
          await client.close();
          expect(answer.isError).toBeFalsy();
          return answer.structuredContent;
        }),
      );

      expect(hostile).toEqual(benign);
      expect(hostile).toMatchObject({ lane: 'one-reviewer', outcome: 'escalate' });
    });

    test('as a prompt, a task and a lesson stays quoted and changes no right and no claim', async () => {
      const [hostile, benign] = await Promise.all(KINDS.map((kind) => workWith(kind, index)));

      expect(hostile).toEqual(benign);
    });

    test('is told as data when it is what was asked for', async () => {
      const { body } = await app.call('POST', '/v1/context-packs', {
        token,
        body: {
          repository: 'acme/hostile',
          title: safeMessage(texts.hostile[index]!).slice(0, 2_000),
          text: safeMessage(texts.hostile[index]!),
          paths: [`docs/notes/${index}.md`, 'src/payments/retry.ts'],
        },
      });
      const pack = body as {
        id: string;
        text: string;
        tokens: number;
        items: { id: string; source: { object: string } }[];
      };

      checkQuoted(pack.text);
      expect(countTokens(pack.text)).toBeLessThanOrEqual(4_000);
      expect(pack.items.every(({ source }) => source.object !== '')).toBe(true);
    });
  },
);

/** A session that meets the text everywhere it may stand; gives what it was allowed and denied. */
async function workWith(kind: Kind, index: number): Promise<unknown> {
  const text = texts[kind][index]!;
  const externalId = `work-${kind}-${index}`;
  const session_id = externalId;
  await hook(kind, 'SessionStart', { session_id });
  const prompt = await hook(kind, 'UserPromptSubmit', { session_id, prompt: text });
  const said = prompt.output.hookSpecificOutput?.additionalContext;
  if (said !== undefined) checkQuoted(said);
  const session = await app.services.sessions.findByExternalId('claude-code', externalId);
  const client = await connect(session!.id);

  const recorded = await client.callTool({
    name: 'record',
    arguments: { session: session!.id, text: text.slice(0, 2_000) },
  });
  const lesson = (recorded.structuredContent as { id: string } | undefined)?.id;
  const { tools } = await client.listTools();
  await client.close();
  const edit = (path: string) =>
    hook(kind, 'PreToolUse', {
      session_id,
      tool_name: 'Edit',
      tool_input: { file_path: `/shop/${path}` },
    });
  const claimed = await edit(`src/own-${index}.ts`);
  await app.services.claims.release({ sessionId: session!.id, reason: 'the test is over' });
  await hook(kind, 'SessionEnd', { session_id, reason: 'done' });

  return {
    tools: tools.map(({ name, description, annotations }) => ({ name, description, annotations })),
    note: prompt.note,
    lessonState: lesson === undefined ? 'refused' : await stateOf(lesson),
    claimed: claimed.output.hookSpecificOutput?.permissionDecision ?? 'allowed',
    refused: await Promise.all(
      [
        ['POST', `/v1/lessons/${lesson}/decision`, { decision: 'approve' }],
        ['POST', '/v1/people', { name: 'Evil', roles: ['admin'] }],
        ['POST', '/v1/source-restrictions', { reason: 'x' }],
      ].map(async ([method, path, body]) => {
        const { status } = await app.call(method as string, path as string, { token, body });
        return status;
      }),
    ),
  };
}

async function stateOf(id: string): Promise<string> {
  const { body } = await app.call('GET', `/v1/lessons/${id}`, { token });
  return (body as { state: string }).state;
}
