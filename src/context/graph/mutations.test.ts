/**
 * Goal: whatever happens to the sources of the graph, nothing that is over is shown as current, and the
 * graph depends on what was said and not on when or how often we heard it.
 * Method: 210 generated lives of sources (rename, delete, definitions, changes together, supersede, contradict, a
 * source taken away, replay, reorder, rewritten history) on real PostgreSQL, each beside a model that keeps only the last
 * word of every source. Seeds are fixed; a case that fails names its own.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generatedCases, testDatabase, type TestDatabase } from '#testing';
import { stateFacts, withdrawStatements } from './assert.ts';
import { graphHash } from './hash.ts';
import { readRelations, summarise } from './read.ts';
import { findEntityRow } from './read-store.ts';
import { symbolRef } from '../ingest/symbol-facts.ts';
import type { EntityRef, NewFact, Perspective, Statement } from './schema.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const CASES_PER_SEED = generatedCases(35);
const SEEDS = [11, 23, 37, 41, 59, 67];
const START = Date.UTC(2026, 0, 1);
const at = (minute: number) => new Date(START + minute * 60_000);
/** After everything that is said, and within every half-life. */
const NOW = at(24 * 60);

const REPOSITORY: EntityRef = { kind: 'repository', key: 'acme/shop' };
const file = (name: string): EntityRef => ({ kind: 'file', key: `acme/shop:${name}@root` });
const decision = (name: string): EntityRef => ({ kind: 'decision', key: `acme/shop:${name}@root` });
const FILES = ['a.ts', 'b.ts', 'c.ts'];
const DECISIONS = ['one', 'two', 'three'];
const NAMES = ['pay', 'refund'];
const symbol = (of: string, name: string) => symbolRef(file(of), name);
const HUB: EntityRef = { kind: 'component', key: 'default/hub' };

/** One thing that happens to one source object; its place in the list is its order there. */
type Event =
  | { do: 'name-file'; file: string; path: string }
  | { do: 'delete-file'; file: string }
  | {
      do: 'write-decision';
      decision: string;
      status: string;
      names: string[];
      replaces: string | null;
    }
  | { do: 'delete-decision'; decision: string }
  | { do: 'define'; file: string; names: string[]; signature: string }
  | { do: 'change-together'; file: string; with: string[]; times: number }
  | { do: 'depend'; source: string; on: string[] }
  | { do: 'contradict'; a: string; b: string; settled: boolean };

const fileName = fc.constantFrom(...FILES);
const decisionName = fc.constantFrom(...DECISIONS);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    do: fc.constant('name-file' as const),
    file: fileName,
    path: fc.constantFrom('x.ts', 'y.ts'),
  }),
  fc.record({ do: fc.constant('delete-file' as const), file: fileName }),
  fc.record({
    do: fc.constant('write-decision' as const),
    decision: decisionName,
    status: fc.constantFrom('accepted', 'proposed'),
    names: fc.uniqueArray(fileName, { maxLength: 2 }),
    replaces: fc.option(decisionName),
  }),
  fc.record({ do: fc.constant('delete-decision' as const), decision: decisionName }),
  fc.record({
    do: fc.constant('define' as const),
    file: fileName,
    // None: the file's code says nothing any more, as when it was emptied.
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
    signature: fc.constantFrom('()', '(a)'),
  }),
  fc
    .record({
      do: fc.constant('change-together' as const),
      file: fileName,
      with: fc.uniqueArray(fileName, { maxLength: 2 }),
      times: fc.integer({ min: 3, max: 6 }),
    })
    .map((one) => ({ ...one, with: one.with.filter((other) => other !== one.file) })),
  fc.record({
    do: fc.constant('depend' as const),
    source: fc.constantFrom('catalog', 'manifest'),
    on: fc.uniqueArray(fc.constantFrom('redis', 'postgres', 'kafka'), { maxLength: 3 }),
  }),
  fc
    .record({
      do: fc.constant('contradict' as const),
      a: decisionName,
      b: decisionName,
      settled: fc.boolean(),
    })
    .filter(({ a, b }) => a < b),
);
const life = fc.record({
  events: fc.array(event, { minLength: 3, maxLength: 14 }),
  /** Pieces the news arrives in, and in which order. */
  order: fc.infiniteStream(fc.nat()),
  rewoundTo: fc.option(fc.nat({ max: 10 }), { freq: 4 }),
});

function objectOf(one: Event): string {
  switch (one.do) {
    case 'name-file':
    case 'delete-file':
      return `file:${one.file}`;
    case 'write-decision':
    case 'delete-decision':
      return `document:${one.decision}`;
    case 'define':
      return `symbols:${one.file}`;
    case 'change-together':
      return `co-change:${one.file}`;
    case 'depend':
      return one.source;
    case 'contradict':
      return `pair:${one.a}|${one.b}`;
  }
}

function factsOf(one: Event): NewFact[] {
  switch (one.do) {
    case 'name-file':
      return [
        {
          kind: 'contains',
          from: REPOSITORY,
          to: file(one.file),
          properties: { title: one.path, path: one.path },
        },
      ];
    case 'write-decision': {
      const self = decision(one.decision);
      return [
        {
          kind: 'is',
          from: self,
          to: self,
          properties: { title: one.decision, status: one.status },
        },
        ...one.names.map((name): NewFact => ({ kind: 'mentions', from: self, to: file(name) })),
        ...(one.replaces === null || one.replaces === one.decision
          ? []
          : [{ kind: 'supersedes' as const, from: self, to: decision(one.replaces) }]),
      ];
    }
    case 'define':
      return one.names.map((name) => ({
        kind: 'defines',
        from: file(one.file),
        to: symbol(one.file, name),
        evidence: { path: one.file, startLine: 1 },
        properties: { title: name, signature: `${name}${one.signature}` },
      }));
    case 'change-together':
      return one.with.map((other) => ({
        kind: 'co_changed',
        from: file(one.file),
        to: file(other),
        method: 'derived',
        confidence: one.times / 10,
        evidence: {
          path: one.file,
          history: { changes: one.times, of: 8, lastAt: at(0).toISOString(), lastCommit: 'c' },
        },
      }));
    case 'depend':
      return one.on.map((name) => ({
        kind: 'depends_on',
        from: HUB,
        to: { kind: 'resource', key: `default/${name}` },
      }));
    case 'contradict':
      return [
        {
          kind: 'contradicts',
          from: decision(one.a),
          to: decision(one.b),
          properties: one.settled ? { settled: true } : {},
        },
      ];
    case 'delete-file':
    case 'delete-decision':
      return [];
  }
}

function statementOf(one: Event, ordinal: number): Statement {
  return {
    system: one.do === 'contradict' ? 'human' : 'git',
    object: objectOf(one),
    scope: 'acme/shop',
    acl: 'repository:acme/shop',
    revision: `r${ordinal}`,
    ordinal,
    statedAt: at(ordinal),
    extractor: 'test',
    extractorVersion: 1,
    facts: factsOf(one),
  };
}

async function hear(statements: readonly Statement[], now = NOW): Promise<void> {
  await database.db.transaction((tx) => stateFacts(tx, statements, now));
}

async function forget(): Promise<void> {
  for (const table of ['graph_assertions', 'graph_sources', 'graph_edges', 'graph_entities']) {
    await database.db.query(`delete from ${table}`);
  }
}

const perspective = (validAt = NOW, knownAt = NOW): Perspective => ({
  acls: ['repository:acme/shop'],
  hiddenSources: [],
  validAt,
  knownAt,
});

/** The last word of each object, in the order of their sources: what alone may be shown as current. */
function lastWords(events: readonly Event[]): Map<string, Event> {
  return new Map(events.map((one) => [objectOf(one), one]));
}

interface Model {
  livingFiles: Map<string, string>;
  decisions: Map<string, Extract<Event, { do: 'write-decision' }>>;
  superseded: Set<string>;
  contradicted: Set<string>;
  dependsOn: Set<string>;
  /** Signature by `file name`. */
  defined: Map<string, string>;
  /** How sure, by `file other`. */
  together: Map<string, number>;
}

function modelOf(events: readonly Event[]): Model {
  const words = [...lastWords(events).values()];
  const livingFiles = new Map(
    words.flatMap((one) => (one.do === 'name-file' ? [[one.file, one.path] as const] : [])),
  );
  const decisions = new Map(
    words.flatMap((one) => (one.do === 'write-decision' ? [[one.decision, one] as const] : [])),
  );
  const replacesOf = (name: string) => {
    const one = decisions.get(name);
    if (one?.status !== 'accepted' || one.replaces === name) return undefined;
    return one.replaces ?? undefined;
  };
  const superseded = new Set<string>();
  const contradicted = new Set<string>();
  for (const name of decisions.keys()) {
    const old = replacesOf(name);
    if (old === undefined) continue;
    if (replacesOf(old) === name) contradicted.add(name).add(old);
    else superseded.add(old);
  }
  for (const one of words) {
    if (one.do !== 'contradict' || one.settled) continue;
    if (!decisions.has(one.a) || !decisions.has(one.b)) continue;
    if (superseded.has(one.a) || superseded.has(one.b)) continue;
    contradicted.add(one.a).add(one.b);
  }
  const dependsOn = new Set(words.flatMap((one) => (one.do === 'depend' ? one.on : [])));
  const defined = new Map(
    words.flatMap((one) =>
      one.do === 'define'
        ? one.names.map((name) => [`${one.file} ${name}`, `${name}${one.signature}`] as const)
        : [],
    ),
  );
  const together = new Map(
    words.flatMap((one) =>
      one.do === 'change-together'
        ? one.with.map((other) => [`${one.file} ${other}`, one.times / 10] as const)
        : [],
    ),
  );
  return { livingFiles, decisions, superseded, contradicted, dependsOn, defined, together };
}

/** What the graph shows of everything that was ever named. */
async function shown(from = perspective()) {
  const { db } = database;
  const ids = new Map<string, number>();
  const symbols = FILES.flatMap((of) => NAMES.map((name) => symbol(of, name)));
  for (const ref of [...FILES.map(file), ...symbols, ...DECISIONS.map(decision), HUB]) {
    const id = await findEntityRow(db, ref);
    if (id !== undefined) ids.set(ref.key, id);
  }
  const summaries = await summarise(db, from, [...ids.values()]);
  return {
    properties: (ref: EntityRef) => summaries.get(ids.get(ref.key) ?? -1)?.properties,
    freshness: (ref: EntityRef) => summaries.get(ids.get(ref.key) ?? -1)?.freshness,
    title: (ref: EntityRef) => summaries.get(ids.get(ref.key) ?? -1)?.title,
    relations: async (ref: EntityRef) => {
      const id = ids.get(ref.key);
      return id === undefined ? [] : readRelations(db, from, id, { limit: 100 });
    },
  };
}

async function expectNothingStale(events: readonly Event[]): Promise<void> {
  const model = modelOf(events);
  const graph = await shown();

  for (const name of FILES) {
    const freshness = graph.freshness(file(name));
    if (model.livingFiles.has(name)) {
      expect([name, freshness, graph.title(file(name))]).toEqual([
        name,
        'current',
        model.livingFiles.get(name),
      ]);
    } else expect([name, freshness]).not.toEqual([name, 'current']);

    for (const symbolName of NAMES) {
      const ref = symbol(name, symbolName);
      const signature = model.defined.get(`${name} ${symbolName}`);
      if (signature === undefined) expect(graph.freshness(ref)).not.toBe('current');
      else expect(graph.properties(ref)).toMatchObject({ signature });
    }
    const wasTogether = events.some((one) => one.do === 'change-together' && one.file === name);
    for (const relation of wasTogether ? await graph.relations(file(name)) : []) {
      if (relation.kind !== 'co_changed' || relation.direction !== 'out') continue;
      const other = FILES.find((one) => file(one).key === relation.other.key)!;
      const [word] = relation.sources;
      expect(word!.confidence).toBeCloseTo(model.together.get(`${name} ${other}`) ?? -1);
      const bothLive = model.livingFiles.has(name) && model.livingFiles.has(other);
      if (relation.freshness === 'current') expect(bothLive).toBe(true);
    }
  }
  for (const name of DECISIONS) {
    const word = model.decisions.get(name);
    const freshness = graph.freshness(decision(name));
    if (word === undefined) {
      expect([name, freshness]).not.toEqual([name, 'current']);
      continue;
    }
    const wasNamed = (target: string) =>
      events.some((one) => one.do === 'name-file' && one.file === target);
    const namesGone = word.names.some(
      (target) => !model.livingFiles.has(target) && wasNamed(target),
    );
    const expected = model.superseded.has(name)
      ? 'superseded'
      : model.contradicted.has(name)
        ? 'contradicted'
        : namesGone
          ? 'stale'
          : 'current';
    expect([name, freshness]).toEqual([name, expected]);

    for (const relation of await graph.relations(decision(name))) {
      if (relation.kind !== 'mentions' || relation.direction !== 'out') continue;
      const target = FILES.find((one) => file(one).key === relation.other.key)!;
      expect(word.names).toContain(target);
      if (relation.freshness === 'current') expect(model.livingFiles.has(target)).toBe(true);
    }
  }
  const held = (await graph.relations(HUB)).map(({ other }) => other.key.replace('default/', ''));
  expect(new Set(held)).toEqual(model.dependsOn);
}

describe.each(SEEDS)('lives of sources, seed %i', (seed) => {
  beforeEach(forget);

  test(`${CASES_PER_SEED} generated cases show nothing stale and keep one hash`, async () => {
    await fc.assert(
      fc.asyncProperty(life, async ({ events, order, rewoundTo }) => {
        const statements = events.map(statementOf);
        await forget();
        // A few at a time, as pages of a sweep come.
        for (let start = 0; start < statements.length; start += 3) {
          await hear(statements.slice(start, start + 3));
        }
        await expectNothingStale(events);
        const { hash } = await graphHash(database.db);

        // The same again, one by one and all at once, changes nothing.
        await hear(statements);
        await hear(statements.slice(0, 2));
        expect((await graphHash(database.db)).hash).toBe(hash);
        await expectNothingStale(events);

        // Another machine hears it in another order, in pieces.
        await forget();
        const shuffled = statements
          .map((one) => ({ one, place: order.next().value as number }))
          .toSorted((a, b) => a.place - b.place)
          .map(({ one }) => one);
        const middle = Math.floor(shuffled.length / 2);
        await hear(shuffled.slice(0, middle), at(23 * 60));
        await hear(shuffled.slice(middle));
        expect((await graphHash(database.db)).hash).toBe(hash);
        await expectNothingStale(events);

        if (rewoundTo === null) return;
        // History is rewritten: what came after a place in it never was.
        const kept = events.slice(0, rewoundTo + 1);
        await database.db.transaction(async (tx) => {
          for (const system of ['git', 'human']) {
            await withdrawStatements(
              tx,
              { system, scope: 'acme/shop', afterOrdinal: rewoundTo },
              NOW,
            );
          }
        });
        await expectNothingStale(kept);
        const rewound = await graphHash(database.db);
        await forget();
        await hear(kept.map(statementOf));
        expect((await graphHash(database.db)).hash).toBe(rewound.hash);
      }),
      { seed, numRuns: CASES_PER_SEED },
    );
  });
});

describe('two axes of time', () => {
  beforeEach(forget);

  const depend = (ordinal: number, ...on: string[]) =>
    statementOf({ do: 'depend', source: 'catalog', on }, ordinal);
  async function targets(validAt: Date, knownAt: Date) {
    const graph = await shown(perspective(validAt, knownAt));
    return (await graph.relations(HUB))
      .map(({ other }) => other.key.replace('default/', ''))
      .sort();
  }

  test('late news changes what was true, and not what we knew then', async () => {
    await hear([depend(10, 'redis')], at(100));
    await hear([depend(30, 'kafka')], at(200));
    // Heard last, though it happened between the two.
    await hear([depend(20, 'redis', 'postgres')], at(300));

    expect(await targets(at(25), at(400))).toEqual(['postgres', 'redis']);
    expect(await targets(at(25), at(250))).toEqual(['redis']);
    expect(await targets(at(35), at(400))).toEqual(['kafka']);
    expect(await targets(at(35), at(150))).toEqual(['redis']);
    expect(await targets(at(5), at(400))).toEqual([]);
  });

  test('a fact that went and came back holds in two intervals, and not between them', async () => {
    await hear([depend(10, 'redis'), depend(20), depend(30, 'redis')]);

    expect(await targets(at(15), NOW)).toEqual(['redis']);
    expect(await targets(at(25), NOW)).toEqual([]);
    expect(await targets(at(35), NOW)).toEqual(['redis']);
  });

  test('an edge lives while any source says so', async () => {
    const other = { ...depend(11, 'redis'), object: 'manifest' };
    await hear([depend(10, 'redis'), other]);
    await hear([{ ...depend(20), revision: 'gone' }]);

    expect(await targets(at(25), NOW)).toEqual(['redis']);

    await hear([{ ...other, facts: [], ordinal: 30, statedAt: at(30), revision: 'gone' }]);
    expect(await targets(at(35), NOW)).toEqual([]);
  });

  test('a reader without the right to a source does not see what only it says', async () => {
    await hear([
      depend(10, 'redis'),
      { ...depend(10, 'kafka'), object: 'secret', acl: 'repository:acme/secret' },
    ]);

    expect(await targets(at(25), NOW)).toEqual(['redis']);
  });
});
