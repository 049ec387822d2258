/**
 * Goal: whatever can be claimed has one spelling, and two claims stand in each other's way exactly when
 * one could change what the other names.
 * Method: examples, and properties over small targets.
 */
import { assert, constantFrom, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { createClassOfPath, migrationOf } from './exclusive-classes.ts';
import {
  conflicts,
  describeTarget,
  includes,
  meets,
  normaliseTargets,
  parseTarget,
  rankOf,
  scopeOf,
  type Target,
} from './target.ts';

const text = constantFrom(
  '.',
  'src/',
  'src/pay.ts',
  'src/pay/',
  'src/pay/a.sql',
  'src/**/*.sql',
  '*.md',
  'src/pay.ts#Cart',
  'src/pay.ts#Cart.total',
  'src/pay.ts#refund',
  'port:3000',
  'database:shop',
  'environment:staging',
  'migration:0061',
  'named:release train',
  'issue:Acme/Shop#12',
);
const claim = record({
  target: text.map(parseTarget),
  strength: constantFrom('shared' as const, 'exclusive' as const),
}).map(({ target, strength }) => ({ ...target, strength }));

test('a target reads back as it is written', () => {
  assert(
    property(text.map(parseTarget), (target) => {
      if (target.path === '/') return;

      expect(parseTarget(describeTarget(target))).toEqual(target);
    }),
  );
});

test('being in the way is mutual, needs something in common, and one who holds it alone', () => {
  assert(
    property(claim, claim, (a, b) => {
      expect(conflicts(a, b)).toBe(conflicts(b, a));
      if (conflicts(a, b)) {
        expect(meets(a, b)).toBe(true);
        expect([a.strength, b.strength]).toContain('exclusive');
      }
      if (meets(a, b) && a.strength === 'exclusive' && b.strength === 'exclusive') {
        expect(conflicts(a, b)).toBe(true);
      }
    }),
  );
});

test('who holds what includes a target is in the way of all that is in the way of the target', () => {
  assert(
    property(text.map(parseTarget), text.map(parseTarget), claim, (holder, wanted, other) => {
      if (!includes(holder, wanted)) return;
      if (meets(wanted, other)) expect(meets(holder, other)).toBe(true);
    }),
  );
});

test.each([
  ['src/pay.ts#Cart', 'src/pay.ts#Cart.total', true],
  ['src/pay.ts#Cart', 'src/pay.ts#Carton', false],
  ['src/pay.ts#refund', 'src/pay.ts', true],
  ['src/**/*.sql', 'src/pay/a.sql', true],
  ['src/**/*.sql', 'src/pay.ts', false],
  ['src/**/*.sql', 'src/pay/', true],
  ['*.md', 'README.md', true],
  ['port:3000', 'port:3001', false],
  ['issue:acme/shop#12', 'issue:ACME/shop#12', true],
  ['port:3000', 'src/', false],
])('%s and %s: %s', (a, b, expected) => {
  expect(meets(parseTarget(a), parseTarget(b))).toBe(expected);
});

test('two definitions of a file stand beside each other, and beside an edit that leaves them alone', () => {
  const cart = { ...parseTarget('src/pay.ts#Cart'), strength: 'exclusive' as const };
  const refund = { ...parseTarget('src/pay.ts#refund'), strength: 'exclusive' as const };
  const file = parseTarget('src/pay.ts');

  expect(conflicts(cart, refund)).toBe(false);
  expect(conflicts(cart, { ...file, strength: 'shared' })).toBe(false);
  expect(conflicts(cart, { ...file, strength: 'exclusive' })).toBe(true);
});

test.each(['issue:', 'port: ', 'src/#x', 'src/a.ts#', '../x*', '/etc/*'])(
  '%s is refused',
  (bad) => {
    expect(() => parseTarget(bad)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^claims\.bad_/) }),
    );
  },
);

test('a set has one order, whichever way it is written', () => {
  const texts = ['src/b.ts', 'port:3000', 'src/', 'issue:a/b#1', 'docs/x.md#f'];

  const one = normaliseTargets(texts.map(parseTarget));
  const other = normaliseTargets(texts.toReversed().map(parseTarget));

  expect(one).toEqual(other);
  expect(one.map(describeTarget)).toEqual(['issue:a/b#1', 'src/', 'port:3000', 'docs/x.md#f']);
});

test('no target at all, or too many, is refused', () => {
  const many = Array.from({ length: 201 }, (_, index) => parseTarget(`file-${index}`));

  expect(() => normaliseTargets([])).toThrow(/1 to 200/);
  expect(() => normaliseTargets(many)).toThrow(/names 201/);
});

test('issues, ports and databases belong to no single repository', () => {
  const scopes = ['issue:a/b#1', 'port:1', 'database:x', 'environment:x', 'a.ts'].map((one) =>
    scopeOf(parseTarget(one), 'acme/shop'),
  );

  expect(scopes).toEqual(['*', '*', '*', 'acme/shop', 'acme/shop']);
});

test('a word about the work is the weakest claim, an exclusive resource stronger than any path', () => {
  const rank = (kind: Target['kind'], strength: 'shared' | 'exclusive') =>
    rankOf({ kind, strength });

  const ranks = [
    rank('intent', 'shared'),
    rank('path', 'shared'),
    rank('symbol', 'shared'),
    rank('resource', 'shared'),
    rank('path', 'exclusive'),
    rank('symbol', 'exclusive'),
    rank('resource', 'exclusive'),
  ];

  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
});

test('migrations, lock files, generated and release files are never shared, and a deployment may say otherwise', () => {
  const classOf = createClassOfPath(['!legacy/**', '**/routes.ts']);
  const of = (path: string) => classOf(parseTarget(path));

  expect(of('db/migrations/0001_a.sql')).toBe('migrations');
  expect(of('web/package-lock.json')).toBe('lock files');
  expect(of('api/user.pb.go')).toBe('generated files');
  expect(of('CHANGELOG.md')).toBe('release files');
  expect(of('src/routes.ts')).toBe('exclusive files');
  expect(of('legacy/migrations/0001_a.sql')).toBeUndefined();
  expect(of('src/pay.ts')).toBeUndefined();
});

test.each([
  ['migrations/0061_add.sql', 'migration:0061'],
  ['db/migrate/20260101120000_add.rb', 'migration:20260101120000'],
  ['src/migrations/V7__add.sql', 'migration:7'],
  ['src/0061_add.sql', undefined],
  ['migrations/README.md', undefined],
])('the file %s stands for %s', (path, expected) => {
  expect(migrationOf(path)?.path).toBe(expected);
});
