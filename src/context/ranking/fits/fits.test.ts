/**
 * Goal: new weights come into force only where later changes say that they are better, and packs answer by
 * them until somebody takes them back. Method: made-up questions for the judgement; a real database,
 * repository and thread for the rest.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, type TestDatabase, testRepository, waitFor } from '#testing';
import { createContextService } from '../../context-service.ts';
import { ContextRequest } from '../../schema.ts';
import type { TrainingQuestion } from '../training-rows.ts';
import { shippedWeights } from '../weights.ts';
import { divide, fitToOwn } from './fit-to-own.ts';
import { shippedDigest } from './service.ts';
import { beginFit, endFit } from './store.ts';

const shipped = shippedWeights();
const { columns } = shipped.models['own']!;
/** A column that the shipped weights make least of. */
const IGNORED = shipped.models['own']!.linear.reduce(
  (best, weight, at, all) => (Math.abs(weight) < Math.abs(all[best]!) ? at : best),
  0,
);

/** Whom to ask: one of thirty people, told by one column alone, or by nothing at all. */
function questions(count: number, isTold: (question: number) => boolean): TrainingQuestion[] {
  const bytes = createHash('shake256', { outputLength: 4 * count * (30 * columns.length + 1) });
  const numbers = bytes.update('ranking').digest();
  let at = 0;
  const random = () => numbers.readUInt32LE(4 * at++) / 2 ** 32;
  return Array.from({ length: count }, (_, question) => {
    const values = Float32Array.from({ length: 30 * columns.length }, () => random() / 5);
    const right = Math.floor(random() * 30);
    if (isTold(question)) values[right * columns.length + IGNORED] = 1;
    const isHeldOut = question >= 0.6 * count;
    const id = `own-${question}`;
    return { id, task: 'own', columns, values, right: [right], wanted: 1, isHeldOut };
  });
}

describe('the judgement', () => {
  const fit = (all: TrainingQuestion[]) =>
    fitToOwn(shipped, shipped, new Map([['acme/shop', divide(all)]]));

  it('takes weights that later changes confirm, and leaves the other questions alone', () => {
    const { weights, measures } = fit(questions(200, () => true));

    const people = measures.find(({ question }) => question === 'people')!;
    expect(people).toMatchObject({ isTaken: true, fitted: 120, judged: 80 });
    expect(people.after!.main).toBeGreaterThan(people.before!.main + 0.3);
    expect(weights.models['own']!.linear[IGNORED]).toBeGreaterThan(
      shipped.models['own']!.linear[IGNORED]!,
    );
    expect(weights.models['own']!.trees).toEqual(shipped.models['own']!.trees);
    expect(weights.models['loc']).toBe(shipped.models['loc']);
  });

  it.each([
    ['held true once and later no more', (at: number) => at < 120],
    ['tells nobody apart', () => false],
  ])('turns down what %s', (_, isTold) => {
    const { weights, measures } = fit(questions(200, isTold));

    expect(measures.find(({ question }) => question === 'people')).toMatchObject({
      isTaken: false,
    });
    expect(weights.models['own']).toBe(shipped.models['own']);
  });

  it('does not judge by a handful of changes', () => {
    const { measures } = fit(questions(60, () => true));

    expect(measures.find(({ question }) => question === 'people')).toMatchObject({
      isTaken: false,
      after: null,
      reason: expect.stringContaining('only 24 later changes'),
    });
  });
});

describe('fits of an organisation', () => {
  const clock = testClock();
  const log = createLogger({ level: 'silent' });
  const newId = createNewId(clock);
  const actor = { kind: 'person' as const, id: 'usr_test' };
  const folder = mkdtempSync(join(tmpdir(), 'loom-fits-'));
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are kept with what they measured, steer packs while in force, and can be taken back', async () => {
    await using made = await testRepository({ start: new Date('2026-02-01T09:00:00Z') });
    await made.commit({
      message: 'Begin the shop with a cart and mails',
      files: {
        'src/cart/total.ts': 'export function cartTotal() {}\n',
        'src/cart/lines.ts': 'export function cartLines() { return cartTotal(); }\n',
        'src/mail/receipt.ts': 'export function sendReceipt() { return cartTotal(); }\n',
      },
    });
    await made.commit({
      message: 'Round the total of the cart',
      files: { 'src/cart/total.ts': 'export function cartTotal() { return 1; }\n' },
    });
    const { db } = database;
    const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
    await using context = createContextService({ db, ledger, clock, newId, log, folder });
    await expect(context.startFit(actor)).rejects.toMatchObject({ code: 'context.nothing_to_fit' });
    const { name } = await context.importRepository({ url: made.dir, name: 'acme/shop' }, actor);
    const likeliest = async () => {
      const request = ContextRequest.parse({ repository: name, title: 'Round the cart total' });
      const pack = await context.buildPack(request, actor);
      return pack.items.find(({ kind }) => kind === 'file')?.path;
    };
    const outcomes = async () =>
      (await ledger.list({ type: 'ranking.' })).items
        .map(({ type, data }) => [type, data?.['version'], data?.['state']])
        .toReversed();

    const begun = await context.startFit(actor);
    await expect(context.startFit(actor)).rejects.toMatchObject({ code: 'context.fit_running' });
    const first = await waitFor('the fit', async () => {
      const fit = await context.findFit(begun.version);
      return fit?.state === 'running' ? undefined : fit;
    });
    const before = await likeliest();

    expect(first).toMatchObject({
      state: 'not-better',
      repositories: [{ repository: name, revision: await made.sha() }],
    });
    expect(first!.measures.every(({ isTaken }) => !isTaken)).toBe(true);
    await expect(context.decideFit(1, { decision: 'use' }, actor)).rejects.toMatchObject({
      code: 'context.fit_unusable',
    });

    // Weights that put the least likely file first.
    const { loc } = shipped.models;
    const upsideDown = { ...loc!, linear: loc!.linear.map((weight) => -weight), trees: [] };
    await db.transaction(async (tx) => {
      const fit = { id: newId('evt'), startedBy: actor.id, at: clock.now(), commits: 2 };
      const version = await beginFit(tx, { ...fit, basedOn: shippedDigest() });
      await endFit(tx, version!, {
        state: 'in-force',
        at: clock.now(),
        repositories: [],
        measures: [],
        weights: { ...shipped, models: { ...shipped.models, loc: upsideDown } },
        reason: null,
      });
    });
    const during = await likeliest();
    const withdrawn = await context.decideFit(2, { decision: 'withdraw', reason: 'No.' }, actor);
    const after = await likeliest();
    await context.decideFit(2, { decision: 'use' }, actor);

    expect(before).toBe('src/cart/total.ts');
    expect(during).not.toBe(before);
    expect(withdrawn).toMatchObject({ state: 'withdrawn', reason: 'No.' });
    expect(after).toBe(before);
    expect(await likeliest()).toBe(during);
    expect(await outcomes()).toEqual([
      ['ranking.fitted', 1, 'not-better'],
      ['ranking.withdrawn', 2, undefined],
      ['ranking.reinstated', 2, undefined],
    ]);
    // Two commits are too few to be worth another look.
    expect(await context.startFitIfDue()).toBe(false);
  });
});
