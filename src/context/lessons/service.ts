/** The verbs of lessons: written down by anyone, told only after a person's approval. */
import { createHash } from 'node:crypto';
import {
  AppError,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { z } from 'zod';
import { lessonDecided, lessonRecorded } from '../events.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import type { Repository } from '../schema.ts';
import { shorten } from '../tokens.ts';
import type { Lesson } from './schema.ts';
import { decideLessonRow, findLessonRow, insertLesson, listLessonRows } from './store.ts';

export interface LessonService {
  /**
   * Keeps a lesson as a candidate. The same words again are one lesson.
   * @throws AppError `context.unknown_repository`, `context.empty_lesson`.
   */
  recordLesson(
    lesson: {
      repository: string;
      text: string;
      paths?: string[] | undefined;
      sessionId?: Id<'ses'> | undefined;
    },
    actor: Actor,
  ): Promise<{ id: Id<'evt'>; state: Lesson['state'] }>;
  listLessons(
    filter: {
      repository?: string | undefined;
      state?: Lesson['state'] | undefined;
    } & PageRequest,
  ): Promise<Page<Lesson>>;
  findLesson(id: Id<'evt'>): Promise<Lesson | undefined>;
  /**
   * Approves a candidate (in other words, if given), turns it down, or takes an approved one back.
   * @throws AppError `context.unknown_lesson`, `context.lesson_decided`.
   */
  decideLesson(
    id: Id<'evt'>,
    decision: {
      decision: 'approve' | 'reject' | 'retire';
      text?: string | undefined;
      paths?: string[] | undefined;
      reason?: string | undefined;
    },
    actor: Actor,
  ): Promise<Lesson>;
}

const MAX_LESSON = 2_000;
const MAX_PATHS = 50;
const LessonCursor = z.object({ createdAt: z.string(), id: z.string() });

const MOVES = {
  approve: { from: ['candidate', 'rejected', 'retired'], to: 'approved' },
  reject: { from: ['candidate'], to: 'rejected' },
  retire: { from: ['approved'], to: 'retired' },
} as const;

export function createLessonService(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  need(nameOrId: string): Promise<Repository>;
}): LessonService {
  const { db, ledger, clock, newId, need } = deps;

  async function findLesson(id: Id<'evt'>): Promise<Lesson | undefined> {
    return findLessonRow(db, id);
  }

  async function mustFind(id: Id<'evt'>): Promise<Lesson> {
    const lesson = await findLesson(id);
    if (lesson !== undefined) return lesson;
    throw new AppError('not_found', 'context.unknown_lesson', {
      message: 'There is no such lesson.',
      hint: 'GET /v1/lessons lists them.',
    });
  }

  return {
    async recordLesson({ repository: name, text, paths = [], sessionId }, actor) {
      const repository = await need(name);
      const kept = cleanText(text);
      const lesson = {
        id: newId('evt'),
        repositoryId: repository.id,
        repository: repository.name,
        text: kept,
        paths: cleanPaths(paths),
        origin: sessionId === undefined ? ('person' as const) : ('session' as const),
        sessionId: sessionId ?? null,
        actorId: actor.id,
        evidence: [],
        dedupeKey: `words:${createHash('sha256').update(kept.toLowerCase().replace(/\s+/g, ' ')).digest('hex')}`,
        createdAt: clock.now(),
      };
      const { id } = await db.transaction(async (tx) => {
        const added = await insertLesson(tx, lesson);
        if (added.isNew) await lessonRecorded(ledger, tx, lesson, actor);
        return added;
      });
      return { id, state: (await mustFind(id)).state };
    },

    async listLessons({ repository, state, limit, cursor }) {
      const repositoryId = repository === undefined ? undefined : (await need(repository)).id;
      const after = cursor === undefined ? undefined : decodeCursor(LessonCursor, cursor);
      const rows = await listLessonRows(db, { repositoryId, state, after, limit: limit + 1 });
      return toPage(rows, limit, ({ createdAt, id }) => ({
        createdAt: createdAt.toISOString(),
        id,
      }));
    },

    findLesson,

    async decideLesson(id, { decision, text, paths, reason = '' }, actor) {
      const before = await mustFind(id);
      const { from, to } = MOVES[decision];
      await db.transaction(async (tx) => {
        const moved = await decideLessonRow(tx, id, from, {
          state: to,
          text: text === undefined ? undefined : cleanText(text),
          paths: paths === undefined ? undefined : cleanPaths(paths),
          by: actor.id,
          at: clock.now(),
          reason: shorten(maskSecrets(neutralise(reason)), 500),
        });
        if (!moved) {
          throw new AppError('conflict', 'context.lesson_decided', {
            message: `The lesson is ${before.state}; it cannot be ${PAST[decision]} now.`,
            hint: 'Read it again: somebody else may have decided it.',
          });
        }
        await lessonDecided(
          ledger,
          tx,
          { lesson: before, decision: PAST[decision], reason },
          actor,
        );
      });
      return mustFind(id);
    },
  };
}

const PAST = { approve: 'approved', reject: 'rejected', retire: 'retired' } as const;

function cleanText(text: string): string {
  const kept = shorten(maskSecrets(neutralise(text)).trim(), MAX_LESSON);
  if (kept !== '') return kept;
  throw new AppError('invalid', 'context.empty_lesson', {
    message: 'The lesson has no text.',
    hint: 'Say in a sentence or two what the next session should know.',
  });
}

function cleanPaths(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => neutralise(path).replace(/\s+/g, ' ').trim()))]
    .filter((path) => path !== '')
    .slice(0, MAX_PATHS);
}
