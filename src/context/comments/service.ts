/**
 * Comments of hosts and trackers: kept once, in their system's own order, edited and deleted as there. They
 * are outside text: without secrets and hidden characters, and never more than words to be read.
 */
import type { KnowledgeItem } from '#connectors/contract';
import type { Clock, Db, Id, Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { commentTold } from '../events.ts';
import { maskSecrets } from '../masking.ts';
import { asLine, neutralise } from '../quoting.ts';
import type { ToldComment } from './schema.ts';
import * as store from './store.ts';

const MAX_TEXT = 20_000;
const MAX_SHOWN = 200;

export type CommentRow = store.CommentRow;

export interface CommentService {
  /** Takes what a webhook told. What is of nothing of ours, or no news, changes nothing. */
  take(system: string, told: ToldComment, cause: Id<'evt'>): Promise<void>;
  /** What stands on a work item or change, oldest first. */
  list(on: { system: string; subject: string }): Promise<CommentRow[]>;
}

export function createCommentService(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
}): CommentService {
  const { db, ledger, clock } = deps;
  return {
    async take(system, told, cause) {
      const row = toRow(system, told, clock.now());
      await db.transaction(async (tx) => {
        if (!(await store.isOurs(tx, system, row))) return;
        const what = await store.upsertComment(tx, row);
        if (what !== undefined) await commentTold(ledger, tx, row, what, cause);
      });
    },
    list: (on) => store.listComments(db, on, MAX_SHOWN),
  };
}

/** Keeps the comments among what a sweep read. */
export async function keepComments(
  tx: Tx,
  system: string,
  items: readonly KnowledgeItem[],
  now: Date,
): Promise<void> {
  for (const item of items) {
    const told = toTold(item);
    if (told !== undefined) await store.upsertComment(tx, toRow(system, told, now));
  }
}

function toTold(item: KnowledgeItem): ToldComment | undefined {
  if (item.kind !== 'comment' && item.kind !== 'review-comment') return undefined;
  const isChange = item.kind === 'review-comment' || item.on === 'change';
  const number = item.kind === 'review-comment' ? item.changeNumber : item.number;
  return {
    object: item.object,
    subject: `${item.repository}#${number}`,
    isChange,
    repository: item.repository,
    author: { login: item.author },
    text: item.text,
    url: item.url,
    ...(item.kind === 'review-comment' ? { path: item.path, line: item.line } : {}),
    writtenAt: item.updatedAt,
    saidAt: item.updatedAt,
    isDeleted: false,
  };
}

/** Pure. */
function toRow(system: string, told: ToldComment, now: Date): CommentRow {
  const { login, email, name } = told.author;
  const line = told.line !== undefined && told.line > 0 ? told.line : null;
  return {
    system,
    object: told.object.slice(0, 200),
    subject: told.subject.slice(0, 300),
    is_change: told.isChange,
    repository: told.repository ?? null,
    author: [
      ...(login === undefined ? [] : [`${system}:${login.toLowerCase()}`]),
      ...(email === undefined ? [] : [`email:${email.toLowerCase()}`]),
    ],
    author_name: asLine(name ?? login ?? '').slice(0, 200) || null,
    text: told.isDeleted ? '' : maskSecrets(neutralise(told.text)).trim().slice(0, MAX_TEXT),
    url: told.url?.slice(0, 2_000) ?? null,
    path: told.path === undefined ? null : neutralise(told.path).slice(0, 1_000),
    line,
    written_at: told.writtenAt,
    said_at: told.saidAt,
    gone_at: told.isDeleted ? now : null,
  };
}
