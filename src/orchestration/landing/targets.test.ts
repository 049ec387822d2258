/** Goal: two changes are kept apart only where one can break the other, and wherever nobody can say. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { areNear, layoutOf } from './targets.ts';

const layout = layoutOf([
  { path: 'package.json', text: '{ "name": "shop", "workspaces": ["packages/*"] }' },
  { path: 'packages/money/package.json', text: '{ "name": "@shop/money" }' },
  { path: 'packages/cart/package.json', text: '{ "dependencies": { "@shop/money": "*" } }' },
  { path: 'packages/page/package.json', text: '{ "dependencies": { "cart": "workspace:*" } }' },
  { path: 'packages/mail/package.json', text: '{ "name": "@shop/mail" }' },
  { path: 'packages/mail/theme/package.json', text: '{ "name": "@shop/theme" }' },
  { path: 'services/rates/go.mod', text: 'module example.org/rates\nrequire example.org/tax v1' },
  { path: 'services/tax/go.mod', text: 'module example.org/tax\n' },
  { path: 'crates/core/Cargo.toml', text: '[package]\nname = "shop-core"\n' },
  { path: 'crates/tool/Cargo.toml', text: '[dependencies]\nshop-core = { path = "../core" }\n' },
]);

test.each([
  ['packages/money/src/round.ts', ['packages/money', 'packages/cart', 'packages/page']],
  ['packages/page/index.ts', ['packages/page']],
  ['packages/mail/theme/dark.css', ['packages/mail/theme', 'packages/mail']],
  ['services/tax/tax.go', ['services/tax', 'services/rates']],
  ['crates/core/src/lib.rs', ['crates/core', 'crates/tool']],
])('a change of %s may break its package and all that depend on it', (path, folders) => {
  expect(layout.affectedBy([path])).toEqual(new Set(folders));
});

test.each([
  'README.md',
  'package-lock.json',
  'docs/guide.md',
  'packages/mail/package.json',
  'packages/new/a.ts',
])('%s may break everything', (path) => {
  expect(layout.affectedBy(['packages/mail/a.ts', path])).toBe('everything');
});

test('who is near does not depend on who asks, and more files are near no fewer changes', () => {
  const path = fc.constantFrom(
    'packages/money/a.ts',
    'packages/cart/a.ts',
    'packages/mail/a.ts',
    'packages/mail/theme/a.ts',
    'services/tax/a.go',
    'services/rates/a.go',
    'README.md',
  );
  const change = fc.array(path, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(change, change, change, (a, b, more) => {
      const [one, other] = [layout.affectedBy(a), layout.affectedBy(b)];
      expect(areNear(one, other)).toBe(areNear(other, one));
      if (areNear(one, other))
        expect(areNear(layout.affectedBy([...a, ...more]), other)).toBe(true);
    }),
  );
});
