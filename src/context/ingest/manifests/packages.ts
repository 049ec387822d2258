/** Manifests of package managers: npm, Go, Python, Cargo. Pure; whatever throws is named by the caller. */
import { parse as parseToml } from 'smol-toml';
import {
  type Dependency,
  listOf,
  type ManifestReading,
  reading,
  recordOf,
  textOf,
} from './reading.ts';

const NPM_FIELDS: readonly [string, Dependency['scope']][] = [
  ['dependencies', 'runtime'],
  ['peerDependencies', 'runtime'],
  ['optionalDependencies', 'optional'],
  ['devDependencies', 'development'],
];

/** `package.json`. */
export function readNpm(text: string): ManifestReading {
  const manifest = recordOf(JSON.parse(text.replace(/^\ufeff/, '')));
  const dependencies = NPM_FIELDS.flatMap(([field, scope]) =>
    Object.entries(recordOf(manifest[field])).flatMap(([name, range]): Dependency[] =>
      isName(name)
        ? [{ purl: `pkg:npm/${name.toLowerCase()}`, range: textOf(range) ?? '', scope }]
        : [],
    ),
  );
  const name = textOf(manifest['name']);
  if (name === undefined || !isName(name)) return reading({ uses: dependencies });
  return reading({
    packages: [{ purl: `pkg:npm/${name.toLowerCase()}`, title: name, dependencies }],
  });
}

/** `go.mod`; indirect requirements are what others need and not what this module chose. */
export function readGo(text: string): ManifestReading {
  const module = /^module\s+"?([^\s"]+)/m.exec(text)?.[1];
  const dependencies: Dependency[] = [];
  let isRequire = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (/^require\s*\(/.test(line)) isRequire = true;
    else if (line === ')') isRequire = false;
    const entry = isRequire
      ? /^([^\s()]+)\s+(v\S+)/.exec(line)
      : /^require\s+([^\s(]+)\s+(v\S+)/.exec(line);
    if (entry === null || line.includes('// indirect')) continue;
    dependencies.push({
      purl: `pkg:golang/${entry[1]!.toLowerCase()}`,
      range: entry[2]!,
      scope: 'runtime',
    });
  }
  if (module === undefined) return reading({ uses: dependencies });
  return reading({
    packages: [{ purl: `pkg:golang/${module.toLowerCase()}`, title: module, dependencies }],
  });
}

/** `pyproject.toml` in the form of PEP 621, Poetry, and dependency groups (PEP 735). */
export function readPyproject(text: string): ManifestReading {
  const manifest = recordOf(parseToml(text));
  const project = recordOf(manifest['project']);
  const poetry = recordOf(recordOf(manifest['tool'])['poetry']);
  const dependencies = [
    ...requirements(project['dependencies'], 'runtime'),
    ...Object.values(recordOf(project['optional-dependencies'])).flatMap((list) =>
      requirements(list, 'optional'),
    ),
    ...Object.values(recordOf(manifest['dependency-groups'])).flatMap((list) =>
      requirements(list, 'development'),
    ),
    ...requirements(recordOf(manifest['build-system'])['requires'], 'build'),
    ...poetryTable(poetry['dependencies'], 'runtime'),
    ...poetryTable(poetry['dev-dependencies'], 'development'),
    ...Object.values(recordOf(poetry['group'])).flatMap((group) =>
      poetryTable(recordOf(group)['dependencies'], 'development'),
    ),
  ];
  const name = textOf(project['name']) ?? textOf(poetry['name']);
  if (name === undefined) return reading({ uses: dependencies });
  return reading({ packages: [{ purl: pypi(name), title: name, dependencies }] });
}

/** `requirements.txt` and its like. */
export function readRequirements(text: string): ManifestReading {
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
  return reading({
    uses: requirements(
      lines.filter((line) => line !== '' && !line.startsWith('-')),
      'runtime',
    ),
  });
}

/** `Cargo.toml`, of a package or of a workspace. */
export function readCargo(text: string): ManifestReading {
  const manifest = recordOf(parseToml(text));
  const tables: readonly (readonly [unknown, Dependency['scope']])[] = [
    [manifest['dependencies'], 'runtime'],
    [manifest['dev-dependencies'], 'development'],
    [manifest['build-dependencies'], 'build'],
    ...Object.values(recordOf(manifest['target'])).map(
      (target) => [recordOf(target)['dependencies'], 'runtime'] as const,
    ),
  ];
  const dependencies = tables.flatMap(([table, scope]) =>
    Object.entries(recordOf(table)).map(([key, value]): Dependency => {
      const name = textOf(recordOf(value)['package']) ?? key;
      const range = textOf(value) ?? textOf(recordOf(value)['version']) ?? '';
      return { purl: `pkg:cargo/${name.toLowerCase()}`, range, scope };
    }),
  );
  const name = textOf(recordOf(manifest['package'])['name']);
  if (name === undefined) return reading({ uses: dependencies });
  return reading({
    packages: [{ purl: `pkg:cargo/${name.toLowerCase()}`, title: name, dependencies }],
  });
}

/** Lines of PEP 508: `requests[socks]>=2.31; python_version > "3.8"`. */
function requirements(value: unknown, scope: Dependency['scope']): Dependency[] {
  return listOf(value).flatMap((line) => {
    const match = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;]*)/.exec(textOf(line) ?? '');
    return match === null ? [] : [{ purl: pypi(match[1]!), range: match[2]!.trim(), scope }];
  });
}

function poetryTable(value: unknown, scope: Dependency['scope']): Dependency[] {
  return Object.entries(recordOf(value)).flatMap(([name, spec]) =>
    name === 'python'
      ? []
      : [
          {
            purl: pypi(name),
            range: textOf(spec) ?? textOf(recordOf(spec)['version']) ?? '',
            scope,
          },
        ],
  );
}

/** Names on PyPI are equal whatever their case and separators (PEP 503). */
function pypi(name: string): string {
  return `pkg:pypi/${name.toLowerCase().replace(/[-_.]+/g, '-')}`;
}

function isName(name: string): boolean {
  return name.length <= 214 && /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name);
}
