/**
 * Goal: rooms only know the rooms below them, and only by their doors.
 * Method: read every import in `src`, name the room on both ends, and compare with the table. A new
 * arrow is added here first, with a reason in the commit.
 */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const MAY_IMPORT: Record<string, readonly string[]> = {
  kernel: [],
  git: ['kernel'],
  ledger: ['kernel'],
  // The contract's words for what outside systems know are the only ones; see `wrongImports`.
  context: ['kernel', 'git', 'ledger', 'connectors'],
  policy: ['kernel', 'git', 'ledger'],
  governance: ['kernel', 'git', 'ledger'],
  observability: ['kernel', 'git', 'ledger'],
  connectors: ['kernel', 'git', 'connectors'],
  orchestration: ['kernel', 'git', 'ledger', 'context', 'policy', 'governance', 'connectors'],
  insights: [
    'kernel',
    'git',
    'ledger',
    'context',
    'policy',
    'governance',
    'observability',
    'orchestration',
  ],
  surfaces: [
    'kernel',
    'git',
    'ledger',
    'context',
    'policy',
    'governance',
    'observability',
    'orchestration',
    'insights',
  ],
  sample: ['kernel'],
};

/** `app` composes and `testing` supports; these two may know everyone. */
const EXEMPT = new Set(['app', 'testing']);
const SOURCE_FILES = globSync('src/*/**/*.ts').filter((path) => !path.endsWith('.test.ts'));

/** Says what is wrong with the imports of one file; empty when nothing is. */
function wrongImports(path: string, text: string): string[] {
  const room = path.split('/')[1] ?? '';
  if (EXEMPT.has(room)) return [];
  const depth = path.split('/').length - 3;

  return [...text.matchAll(/(?:from|import) ?\(?'(?<target>[#.][^']*)'/g)].flatMap(({ groups }) => {
    const target = groups?.['target'] ?? '';
    if (target.startsWith('#')) {
      const other = target.slice(1).split('/')[0] ?? '';
      if (other === room && room !== 'connectors')
        return [`${path}: use a relative path inside ${room}`];
      const isContract = other !== 'connectors' || target.startsWith('#connectors/contract');
      // What connectors share is known to rooms that speak of outside systems; no connector is.
      return MAY_IMPORT[room]?.includes(other) && (isContract || room === 'connectors')
        ? []
        : [`${path}: ${room} may not know ${isContract ? other : target}`];
    }
    const climbs = target.split('/').filter((part) => part === '..').length;
    return climbs > depth ? [`${path}: leave a room by its door, not by climbing (${target})`] : [];
  });
}

test('every room keeps to its arrows', () => {
  const wrong = SOURCE_FILES.flatMap((path) => wrongImports(path, readFileSync(path, 'utf8')));

  expect(wrong).toEqual([]);
});

test.each([
  ['a lower room that looks up', 'src/kernel/ids.ts', "import { x } from '#policy';"],
  ['two layers that know each other', 'src/policy/service.ts', "import { x } from '#context';"],
  [
    'a surface that talks to a connector',
    'src/surfaces/http/a.ts',
    "import { x } from '#connectors/github';",
  ],
  ['a layer that knows one connector', 'src/context/a.ts', "import { x } from '#connectors/jira';"],
  ['the sample that looks inside', 'src/sample/agent.ts', "import { x } from '#orchestration';"],
  [
    'climbing into another room',
    'src/policy/service.ts',
    "import { x } from '../context/store.ts';",
  ],
  ['a dynamic import', 'src/git/log.ts', "await import('#ledger')"],
])('a seeded wrong import is refused: %s', (_what, path, text) => {
  expect(wrongImports(path, text)).toHaveLength(1);
});
