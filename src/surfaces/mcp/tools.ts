/** The tools: few, small, and each one call of a service. */
import { z } from 'zod';
import { asLine, asQuote, neutralise } from '#context';
import { AppError, idSchema } from '#kernel';
import type { Session } from '#orchestration';
import { checkBranch } from '../check-branch.ts';
import { type Tool, tool, type ToolCall } from './tool.ts';

/** Arguments every tool understands; the session tells the repository. */
const common = {
  session: z.string().optional().describe('Your session id (ses_…)'),
  repository: z.string().max(300).optional().describe('owner/name'),
};
const paths = z.array(z.string().min(1).max(1_000)).max(200);
const MAX_EXCERPT = 400;

export const TOOLS: readonly Tool[] = [
  tool({
    name: 'get_context',
    title: 'Get context',
    description: 'Files, decisions, rules and owners that matter for a task. Call first.',
    action: 'context:read',
    isReadOnly: false,
    isIdempotent: true,
    input: z.object({
      ...common,
      task: z.string().min(1).max(50_000).describe('What is to be done'),
      paths: paths.optional().describe('Files you know to matter'),
      budgetTokens: z.int().min(300).max(8_000).optional(),
      full: z.boolean().optional().describe('Also what you were told before'),
    }),
    output: z.object({ pack: z.string(), text: z.string() }),
    async run({ services, session, actor, repository }, input) {
      const pack = await services.context.buildPack(
        {
          repository: await repository(),
          title: input.task.trim().split('\n')[0]!.slice(0, 2_000),
          text: input.task,
          paths: input.paths ?? [],
          budgetTokens: input.budgetTokens ?? 4_000,
          ...(input.full === undefined ? {} : { full: input.full }),
          ...(session === undefined ? {} : { sessionId: session.id }),
          ...(session?.workItemId == null ? {} : { workItemId: session.workItemId }),
        },
        actor,
        session?.correlationId,
      );
      if (session !== undefined) await services.sessions.touch(session.id, { packId: pack.id });
      return {
        // Exactly the text that is kept: what the agent knew must be provable.
        text: pack.text,
        structured: { pack: pack.id, text: pack.text },
      };
    },
  }),

  tool({
    name: 'search_knowledge',
    title: 'Search knowledge',
    description: 'Search documents, decisions, lessons and files of the organisation.',
    action: 'context:read',
    isReadOnly: true,
    isIdempotent: true,
    input: z.object({
      ...common,
      query: z.string().min(1).max(500),
      limit: z.int().min(1).max(20).optional(),
    }),
    output: z.object({
      hits: z.array(
        z.object({
          title: z.string(),
          repository: z.string(),
          path: z.string().nullable(),
          excerpt: z.string(),
        }),
      ),
    }),
    async run({ services, session, actor }, { query, limit = 8, repository }) {
      const found = await services.context.search(
        { text: query, repository: repository ?? session?.repository ?? undefined, limit },
        actor,
      );
      const hits = found.map(({ title, repository, path, excerpt }) => ({
        title: asLine(title),
        repository,
        path: path === null ? null : asLine(path),
        excerpt: asQuote(excerpt.slice(0, MAX_EXCERPT)),
      }));
      const lines = hits.map(
        (hit) =>
          `${hit.title} (${hit.repository}${hit.path === null ? '' : ` ${hit.path}`})\n${hit.excerpt}`,
      );
      return {
        text: lines.length === 0 ? `Nothing found for "${query}".` : lines.join('\n\n'),
        structured: { hits },
      };
    },
  }),

  tool({
    name: 'expand',
    title: 'Expand an item',
    description: 'Full text of one item of a context pack.',
    action: 'context:read',
    isReadOnly: true,
    isIdempotent: true,
    input: z.object({ pack: idSchema('ctx'), item: z.string().min(1).max(200) }),
    output: z.object({ title: z.string(), text: z.string() }),
    async run({ services, actor }, input) {
      const { item, text } = await services.context.expand(input.pack, input.item, actor);
      const title = asLine(item.title);
      return { text: `${title}\n\n${text}`, structured: { title, text } };
    },
  }),

  tool({
    name: 'claim',
    title: 'Claim files',
    description: 'Reserve files or folders before editing, so that no other agent changes them.',
    action: 'sessions:write',
    isReadOnly: false,
    isIdempotent: true,
    input: z.object({
      ...common,
      paths: paths.min(1).describe('From the top of the repository; folders end in /'),
      intent: z.string().max(500).optional().describe('Why, for the others'),
      release: z.boolean().optional().describe('Give the paths back instead'),
    }),
    output: z.object({
      outcome: z.enum(['granted', 'denied', 'released']),
      message: z.string(),
      choices: z.array(z.string()),
    }),
    async run(call, input) {
      const { id: sessionId } = needSession(call);
      const structured = input.release
        ? await giveBack(call, sessionId, input.paths)
        : await take(call, sessionId, input);
      const choices = structured.choices.map((choice) => `- ${choice}`);
      return { text: [structured.message, ...choices].join('\n'), structured };
    },
  }),

  tool({
    name: 'check_change',
    title: 'Check a change',
    description: 'Verdict of the rules over a pushed branch: what ships alone, who must approve.',
    action: 'changes:check',
    isReadOnly: true,
    isIdempotent: true,
    input: z.object({ ...common, branch: z.string().max(500).optional() }),
    output: z.object({
      lane: z.string(),
      outcome: z.string(),
      score: z.number(),
      rules: z.array(z.string()),
      missing: z.array(z.string()),
    }),
    async run(call, input) {
      const branch = input.branch ?? call.session?.branch;
      if (branch == null) {
        throw new AppError('invalid', 'mcp.no_branch', {
          message: 'Which branch is meant is not known.',
          hint: 'Pass `branch`.',
        });
      }
      const verdict = await checkBranch(call.services, {
        repository: await call.repository(),
        branch,
      });
      const structured = {
        lane: verdict.lane,
        outcome: verdict.outcome,
        score: verdict.score,
        rules: verdict.rules.map(
          ({ because, file, line }) =>
            `${because} (${line === 0 ? 'built in' : `${file}:${line}`})`,
        ),
        missing: verdict.missing.map(
          ({ what, who }) => `${what}${who.length === 0 ? '' : ` (${who.join(', ')})`}`,
        ),
      };
      return {
        text: [
          `Lane ${structured.lane}, ${structured.outcome}, risk ${structured.score} of 100.`,
          ...structured.rules.map((rule) => `- ${rule}`),
          ...structured.missing.map((what) => `- missing: ${what}`),
        ].join('\n'),
        structured,
      };
    },
  }),

  tool({
    name: 'record',
    title: 'Record a lesson',
    description: 'Remember something learnt for later sessions: a pitfall, a convention, a fact.',
    action: 'context:record',
    isReadOnly: false,
    isIdempotent: false,
    input: z.object({
      ...common,
      text: z.string().min(1).max(2_000),
      paths: paths.optional().describe('Files it is about'),
    }),
    output: z.object({ id: z.string(), message: z.string() }),
    async run({ services, session, actor, repository }, { text, paths }) {
      const { id, state } = await services.context.recordLesson(
        { repository: await repository(), text, paths, sessionId: session?.id },
        actor,
      );
      const message =
        state === 'approved'
          ? `Known already as ${id}; packs hold it.`
          : `Kept as ${id}; packs hold it once a person has approved it.`;
      return { text: message, structured: { id, message } };
    },
  }),

  tool({
    name: 'next_work',
    title: 'Take the next work item',
    description: 'Take the next open task, issue or ticket; nobody else gets the same one.',
    action: 'work:write',
    isReadOnly: false,
    isIdempotent: false,
    input: z.object(common),
    output: z.object({
      item: z
        .object({ id: z.string(), title: z.string(), text: z.string(), url: z.string().nullable() })
        .nullable(),
      message: z.string(),
    }),
    async run(call, input) {
      const session = needSession(call);
      const item = await call.services.work.next(
        session.id,
        input.repository ?? session.repository ?? undefined,
      );
      if (item === undefined) {
        const message = 'No work item is open.';
        return { text: message, structured: { item: null, message } };
      }
      const { id, url } = item;
      // Anybody may open an issue: what they wrote is the task, and no word of ours.
      const title = asLine(item.title);
      const text = neutralise(item.text);
      const message = `You hold ${id} now.`;
      return {
        text: [
          message,
          `Title: ${title}`,
          `What it says, as it was written:\n${asQuote(text)}`,
        ].join('\n\n'),
        structured: { item: { id, title, text, url }, message },
      };
    },
  }),
];

function needSession({ session }: ToolCall): Session {
  if (session !== undefined) return session;
  throw new AppError('invalid', 'mcp.no_session', {
    message: 'Which session you are is not known.',
    hint: 'Pass `session` with the id you were told at your start, or the header Loom-Session.',
  });
}

async function take(
  { services, repository }: ToolCall,
  sessionId: Session['id'],
  { paths, intent }: { paths: string[]; intent?: string | undefined },
) {
  const answer = await services.claims.acquire({
    sessionId,
    repository: await repository(),
    paths,
    ...(intent === undefined ? {} : { intent }),
  });
  if (answer.outcome === 'denied') {
    return { outcome: answer.outcome, message: answer.message, choices: answer.choices };
  }
  const held = answer.claims.map(({ path }) => path).join(', ');
  return { outcome: answer.outcome, message: `You hold ${held}.`, choices: [] };
}

async function giveBack({ services }: ToolCall, sessionId: Session['id'], paths: string[]) {
  const count = await services.claims.release({
    sessionId,
    paths,
    reason: 'given back by the agent',
  });
  return { outcome: 'released' as const, message: `${count} given back.`, choices: [] };
}
