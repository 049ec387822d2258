/** The tools: few, small, and each one call of a service. */
import { z } from 'zod';
import { asLine, asQuote, type SearchHit } from '#context';
import { AppError, idSchema } from '#kernel';
import { checkBranch } from '../check-branch.ts';
import { claimTool } from './claim-tool.ts';
import { common, paths, type Tool, tool } from './tool.ts';
import { nextWorkTool } from './work-tool.ts';

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
    async run({ services, session, actor, repository, progress }, input) {
      await progress('looking for what matters');
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
    description: 'Search documents, decisions, lessons, files and definitions of the organisation.',
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
          line: z.int().optional(),
          excerpt: z.string(),
          url: z.string().optional(),
          /** Who answers for it, how old it is, and whether it still holds. */
          standing: z.string().optional(),
        }),
      ),
    }),
    async run({ services, session, actor }, { query, limit = 8, repository }) {
      const found = await services.context.search(
        { text: query, repository: repository ?? session?.repository ?? undefined, limit },
        actor,
      );
      const hits = found.map((hit) => ({
        title: asLine(hit.title),
        repository: hit.repository,
        path: hit.path === null ? null : asLine(hit.path),
        ...(hit.line === undefined ? {} : { line: hit.line }),
        excerpt: asQuote(hit.excerpt.slice(0, MAX_EXCERPT)),
        ...(hit.source?.url === undefined ? {} : { url: asLine(hit.source.url) }),
        ...(hit.source === undefined ? {} : { standing: standingOf(hit) }),
      }));
      const lines = hits.map(({ title, repository, path, line, url, standing, excerpt }) => {
        const file = line === undefined ? path : `${path}:${line}`;
        const place = [repository, file ?? '', url ?? '', standing ?? ''];
        return `${title} (${place.filter((word) => word !== '').join(' ')})\n${excerpt}`;
      });
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

  claimTool,

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
      await call.progress(`judging ${branch}`);
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

  nextWorkTool,
];

/** Where a page of an outside system is from, how old it is, who answers for it, whether it holds. */
function standingOf({ source, observedAt, owner, freshness }: SearchHit): string {
  return [
    source?.system ?? '',
    observedAt === undefined ? '' : `of ${observedAt.toISOString().slice(0, 10)}`,
    owner == null ? '' : `kept by ${asLine(owner)}`,
    freshness === undefined || freshness === 'current' ? '' : freshness.toUpperCase(),
  ]
    .filter((word) => word !== '')
    .join(', ');
}
