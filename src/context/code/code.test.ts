/**
 * Goal: what code declares and imports is read in every language we name, off the main thread, and no
 * text harms the reader.
 * Method: a small file per language through the real thread and grammars; hostile texts.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { createCodeReader } from './code-reader.ts';
import { type Language, languageOf } from './languages.ts';
import { type ImportScope, resolveImport } from './resolve-imports.ts';

const reader = createCodeReader();
afterAll(() => reader[Symbol.asyncDispose]());

interface Sample {
  path: string;
  text: string;
  /** `kind name` in order. */
  declares: string[];
  /** Names other files may use. */
  open: string[];
  /** Files of the repository an import of this one means. */
  files: string[];
  imports: string[];
}

const SAMPLES: Record<string, Sample> = {
  typescript: {
    path: 'src/app/main.ts',
    text: "import { a } from './a.js';\nexport * from '@acme/money';\nconst y = await import('../b');\nexport class Shop<T> {\n  pay(amount: number) {\n    return amount;\n  }\n}\nexport interface Order {}\nexport type Cents = number;\nenum State { Open }\nexport const total = (x: number) => x;\nfunction helper() {}\n",
    declares: [
      'constant y',
      'class Shop',
      'method pay',
      'interface Order',
      'type Cents',
      'enum State',
      'constant total',
      'function helper',
    ],
    open: ['Shop', 'Order', 'Cents', 'total'],
    files: ['src/app/a.ts', 'src/b/index.tsx', 'packages/money/src/index.ts'],
    imports: ['src/app/a.ts', 'packages/money/src/index.ts', 'src/b/index.tsx'],
  },
  tsx: {
    path: 'ui/page.tsx',
    text: "import { Button } from './button';\nexport function Page() {\n  return <Button />;\n}\n",
    declares: ['function Page'],
    open: ['Page'],
    files: ['ui/button.tsx'],
    imports: ['ui/button.tsx'],
  },
  javascript: {
    path: 'lib/index.js',
    text: "const util = require('./util');\nclass Cart {}\nfunction* walk() {}\nmodule.exports = { Cart };\n",
    declares: ['constant util', 'class Cart', 'function walk'],
    open: [],
    files: ['lib/util.js'],
    imports: ['lib/util.js'],
  },
  python: {
    path: 'shop/pay/views.py',
    text: 'import os\nfrom . import models\nfrom ..core.money import Cents as C\nfrom shop.orders import total\nLIMIT = 3\n@route\ndef pay():\n    pass\nclass View(Base):\n    def get(self):\n        pass\n',
    declares: ['constant LIMIT', 'function pay', 'class View', 'function get'],
    open: ['LIMIT', 'pay', 'View'],
    files: ['shop/pay/models.py', 'shop/core/money.py', 'shop/orders/__init__.py'],
    imports: ['shop/pay/models.py', 'shop/core/money.py', 'shop/orders/__init__.py'],
  },
  go: {
    path: 'cmd/main.go',
    text: 'package main\n\nimport (\n\t"fmt"\n\tx "example.com/shop/internal/pay"\n)\n\ntype Server struct{}\n\nfunc (s *Server) Serve() {}\n\nfunc main() { x.Pay() }\n\nconst Limit = 1\n',
    declares: ['type Server', 'method Serve', 'function main', 'constant Limit'],
    open: ['Server', 'Limit'],
    files: ['internal/pay/pay.go', 'internal/pay/pay_test.go', 'go.mod'],
    imports: ['internal/pay/pay.go'],
  },
  java: {
    path: 'app/src/main/java/com/acme/Shop.java',
    text: 'package com.acme;\nimport com.acme.pay.Payment;\nimport static com.acme.Money.cents;\nimport java.util.*;\npublic class Shop { void open() {} enum State { A } }\ninterface Door {}\nrecord Key(int x) {}\n',
    declares: ['class Shop', 'method open', 'enum State', 'interface Door', 'class Key'],
    open: ['Shop', 'Door', 'Key'],
    files: ['app/src/main/java/com/acme/pay/Payment.java', 'app/src/main/java/com/acme/Money.java'],
    imports: [
      'app/src/main/java/com/acme/pay/Payment.java',
      'app/src/main/java/com/acme/Money.java',
    ],
  },
  kotlin: {
    path: 'app/src/main/kotlin/com/acme/Shop.kt',
    text: 'package com.acme\nimport com.acme.pay.Payment\nclass Shop : Base() { fun open() {} }\ninterface Door\nobject Registry\nfun start() {}\ntypealias Key = Int\n',
    declares: [
      'class Shop',
      'function open',
      'class Door',
      'class Registry',
      'function start',
      'type Key',
    ],
    open: ['Shop', 'Door', 'Registry', 'start', 'Key'],
    files: ['app/src/main/kotlin/com/acme/pay/Payment.kt'],
    imports: ['app/src/main/kotlin/com/acme/pay/Payment.kt'],
  },
  rust: {
    path: 'crates/shop/src/orders/mod.rs',
    text: 'use crate::money::Cents;\nuse super::pay;\nuse std::fmt;\npub struct Order;\nenum State { A }\ntrait Door {}\nfn open() {}\nimpl Order { fn total(&self) {} }\nconst MAX: u8 = 1;\n',
    declares: [
      'class Order',
      'enum State',
      'interface Door',
      'function open',
      'function total',
      'constant MAX',
    ],
    open: ['Order'],
    files: ['crates/shop/src/money.rs', 'crates/shop/src/pay.rs'],
    imports: ['crates/shop/src/money.rs', 'crates/shop/src/pay.rs'],
  },
  'c-sharp': {
    path: 'Shop/Orders.cs',
    text: 'using System.Text;\nnamespace Acme.Shop;\npublic class Orders : Base { void Open() {} int Total { get; } }\ninterface IDoor {}\nrecord Key(int X);\nstruct Money {}\nenum State { A }\n',
    declares: [
      'class Orders',
      'method Open',
      'property Total',
      'interface IDoor',
      'class Key',
      'class Money',
      'enum State',
    ],
    open: ['Orders', 'IDoor', 'Key', 'Money', 'State'],
    files: [],
    imports: [],
  },
  ruby: {
    path: 'lib/shop/orders.rb',
    text: 'require "json"\nrequire_relative "money"\nrequire "shop/pay"\nmodule Shop\n  class Orders < Base\n    def total; end\n    def self.open; end\n  end\nend\n',
    declares: ['module Shop', 'class Orders', 'method total', 'method open'],
    open: ['Shop', 'Orders'],
    files: ['lib/shop/money.rb', 'lib/shop/pay.rb'],
    imports: ['lib/shop/money.rb', 'lib/shop/pay.rb'],
  },
  php: {
    path: 'src/Orders/Service.php',
    text: "<?php\nnamespace Acme\\Orders;\nuse Acme\\Pay\\Payment;\nuse Acme\\Money\\{Cents, Euro};\nrequire_once 'setup.php';\nclass Service extends Base { function total() {} }\ninterface Door {}\ntrait Logs {}\nfunction helper() {}\n",
    declares: [
      'class Service',
      'method total',
      'interface Door',
      'interface Logs',
      'function helper',
    ],
    open: ['Service', 'Door', 'Logs', 'helper'],
    files: ['src/Pay/Payment.php', 'src/Money/Cents.php', 'src/Orders/setup.php'],
    imports: ['src/Pay/Payment.php', 'src/Money/Cents.php', 'src/Orders/setup.php'],
  },
};

function scopeOf(files: readonly string[]): ImportScope {
  const all = new Set(files);
  return {
    has: (path) => all.has(path),
    byName: Map.groupBy(files, (path) => path.slice(path.lastIndexOf('/') + 1)),
    inFolder: (folder) => files.filter((path) => path.slice(0, path.lastIndexOf('/')) === folder),
    packages: new Map([['@acme/money', 'packages/money']]),
    goModules: new Map([['example.com/shop', '']]),
  };
}

describe.each(Object.entries(SAMPLES))('%s', (language, sample) => {
  test('declares what it declares, and imports mean files', async () => {
    expect(languageOf(sample.path)).toBe(language);
    const reading = await reader.read(language as Language, sample.text);

    if (!('outline' in reading)) throw new Error(reading.problem);
    const { definitions, imports } = reading.outline;
    const lines = definitions.toSorted(
      (a, b) => a.startLine - b.startLine || (a.name < b.name ? 0 : 0),
    );
    expect(lines.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      sample.declares.toSorted(),
    );
    for (const { signature, name } of definitions) expect(signature).toContain(name);
    const open = definitions.filter(({ reach }) => reach === 'exported').map(({ name }) => name);
    expect(open.sort()).toEqual(sample.open.toSorted());
    const scope = scopeOf([...sample.files, sample.path]);
    const meant = imports.flatMap((written) =>
      resolveImport(language as Language, sample.path, written, scope),
    );
    expect(new Set(meant)).toEqual(new Set(sample.imports));
  });
});

test.each([
  ['a line of ten megabytes', 'x'.repeat(10_000_000), 'code over 400 kB is known by its text only'],
  [
    'a minified file',
    `f(${'a,'.repeat(20_000)}a)`,
    'code with a line over 20,000 characters is known by its text only',
  ],
])('%s is not read, for a reason', async (_what, text, problem) => {
  expect(await reader.read('javascript', text)).toEqual({ problem });
});

test.each([
  ['deep nesting', '('.repeat(19_000)],
  ['deep arrays over many lines', '[\n'.repeat(100_000)],
  ['no code at all', '\u0000\ud800\uffff\u202e'.repeat(1_000)],
  ['half a file', 'export class A { m( { if (x) { `${'],
  ['nothing', ''],
])('%s gives an outline or a reason, and the next file is read', async (_what, text) => {
  const reading = await reader.read('typescript', text);

  expect('outline' in reading || reading.problem.length > 10).toBe(true);
  expect(await reader.read('typescript', 'class Next {}')).toMatchObject({
    outline: { definitions: [{ name: 'Next', kind: 'class', startLine: 1 }] },
  });
});

test('many files are read at once, each getting its own answer', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `Name${index}`);

  const readings = await Promise.all(
    names.map((name) => reader.read('go', `package a\ntype ${name} struct{}\n`)),
  );

  expect(
    readings.map((one) => ('outline' in one ? one.outline.definitions[0]?.name : one.problem)),
  ).toEqual(names);
});
