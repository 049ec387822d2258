/**
 * Carries what steps left in the outbox to the hosts: merges, verdicts, reviewers, comments. Runs after
 * the commit, on any node, and again after a crash; the hosts take equal calls as one.
 */
import { z } from 'zod';
import type {
  CodeHost,
  MergeRequest,
  MergeResult,
  VerdictAnnotation,
  VerdictReport,
} from '#connectors/contract';
import { AppError, checkValue, type Id, idSchema } from '#kernel';
import type { OutboxHandler } from '#ledger';
import { type HeldDelivery, turnOfChange, turnOfCommands } from '../breakers/index.ts';
import type { ChangeKeeper } from '../changes/index.ts';

const HostChange = z.object({
  changeId: z.string().optional(),
  repository: z.string(),
  number: z.int().optional(),
  branch: z.string(),
  baseBranch: z.string(),
  headSha: z.string(),
});
const common = { host: z.string(), changeId: idSchema('chg'), change: HostChange };

const Merge = z.object({
  ...common,
  runId: idSchema('run'),
  expectedHeadSha: z.string(),
  expectedBaseSha: z.string().optional(),
  message: z.string(),
});
const Verdict = z.object({
  ...common,
  /** What decided, where a decision did. */
  decisionId: idSchema('dec').optional(),
  lane: z.string(),
  conclusion: z.enum(['success', 'action-required', 'failure']),
  title: z.string(),
  summary: z.string(),
  annotations: z
    .array(
      z.object({
        path: z.string(),
        startLine: z.int(),
        endLine: z.int(),
        level: z.enum(['notice', 'warning', 'failure']),
        title: z.string(),
        message: z.string(),
      }),
    )
    .optional(),
});
const Reviewers = z.object({ ...common, logins: z.array(z.string()) });
const Comment = z.object({ ...common, markdown: z.string() });
const Answer = z.object({
  host: z.string(),
  repository: z.string(),
  number: z.int(),
  markdown: z.string(),
});

const BAD_PAYLOAD = 'outbox.bad_payload';

export function createHostOutboxHandlers(deps: {
  changes: Pick<ChangeKeeper, 'recordMergeResult'>;
  hostOf(name: string): CodeHost | undefined;
  /** What of a decision belongs to a line; its failure does not keep the verdict back. */
  pointOut?(decisionId: Id<'dec'>, change: VerdictReport['change']): Promise<VerdictAnnotation[]>;
  /** Page of a change in the console. */
  detailsUrl(changeId: string): string;
  /**
   * Counts what we say, and gives false once we and the host only answer each other: then we fall
   * silent. Merges are bound to a head and happen once, so they are not asked about.
   */
  noteTurn?(subject: string): Promise<boolean>;
  /** Keeps what is not said now. */
  hold?(subject: string, delivery: HeldDelivery): Promise<void>;
}): OutboxHandler[] {
  const { changes, hostOf, detailsUrl } = deps;
  /** Says it, or keeps it while the breaker of its subject is open. */
  async function speak(
    target: string,
    subject: string,
    message: Parameters<OutboxHandler['deliver']>[0],
    say: () => Promise<unknown>,
  ): Promise<void> {
    if ((await deps.noteTurn?.(subject)) !== false) await say();
    else await deps.hold?.(subject, { ...message, target });
  }
  return [
    {
      target: 'host.merge',
      async deliver({ payload, idempotencyKey }) {
        const merge = checkValue(Merge, payload, BAD_PAYLOAD);
        const { changeId, runId, change, message, expectedHeadSha, expectedBaseSha } = merge;
        const host = hostOf(merge.host);
        const request = { change, message, expectedHeadSha, expectedBaseSha, idempotencyKey };
        const result =
          host === undefined
            ? ({ outcome: 'refused', reason: `nobody speaks for ${merge.host}` } as const)
            : await mergeOn(host, request);
        // The host merges by itself later, and tells as it tells of every merge.
        if (result === undefined) return;
        await changes.recordMergeResult({ changeId, runId, idempotencyKey, result });
      },
    },
    {
      target: 'host.verdict',
      async deliver(message) {
        const verdict = checkValue(Verdict, message.payload, BAD_PAYLOAD);
        const { host, changeId, decisionId, ...report } = verdict;
        await speak('host.verdict', turnOfChange(host, report.change), message, async () => {
          const annotations =
            decisionId === undefined ? undefined : await deps.pointOut?.(decisionId, report.change);
          const told = annotations === undefined ? report : { ...report, annotations };
          await hostOf(host)?.publishVerdict({ ...told, detailsUrl: detailsUrl(changeId) });
        });
      },
    },
    {
      target: 'host.reviewers',
      async deliver(message) {
        const { host, change, logins } = checkValue(Reviewers, message.payload, BAD_PAYLOAD);
        if (logins.length === 0) return;
        await speak('host.reviewers', turnOfChange(host, change), message, async () => {
          // An account that is gone or may not review is no reason to try for hours: people see the
          // request in the console as well.
          await hostOf(host)?.requestReviewers(change, logins).catch(ignoreRefusal);
        });
      },
    },
    {
      target: 'host.comment',
      async deliver(message) {
        const { host, change, markdown } = checkValue(Comment, message.payload, BAD_PAYLOAD);
        await speak('host.comment', turnOfChange(host, change), message, async () => {
          await hostOf(host)?.upsertComment(change, markdown);
        });
      },
    },
    {
      target: 'host.answer',
      async deliver(message) {
        const { host, markdown, ...at } = checkValue(Answer, message.payload, BAD_PAYLOAD);
        await speak('host.answer', turnOfCommands(host, at), message, async () => {
          await hostOf(host)?.answer?.(at, markdown, message.idempotencyKey);
        });
      },
    },
  ];
}

/** Undefined while the host waits for conditions of its own. */
async function mergeOn(host: CodeHost, request: MergeRequest): Promise<MergeResult | undefined> {
  const left = await host.mergeWhenReady?.(request);
  if (left === undefined || left.outcome === 'unsupported') return host.merge(request);
  return left.outcome === 'waiting' ? undefined : left;
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
}
