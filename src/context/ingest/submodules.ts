/** Submodules: a repository that stands in another at one commit. */
import type { GitRepository } from '#git';
import type { NewFact } from '../graph/schema.ts';
import { repositoryRef } from './refs.ts';
import type { Draft, RepositoryView } from './repository-view.ts';

const MAX_BYTES = 256 * 1024;
const SUBMODULE_MODE = '160000';

export async function submoduleDrafts(view: RepositoryView, git: GitRepository): Promise<Draft[]> {
  const file = view.files.get('.gitmodules');
  if (file === undefined || file.size > MAX_BYTES) return [];
  const modules = parseGitModules((await git.readText(view.head.sha, file.path, MAX_BYTES)) ?? '');
  const pointers = new Map(
    (await git.listFiles(view.head.sha))
      .filter(({ mode }) => mode === SUBMODULE_MODE)
      .map(({ path, sha }) => [path, sha]),
  );
  const facts = modules.flatMap(({ path, url, line }): NewFact[] => {
    const sha = pointers.get(path);
    const name = repositoryNameOf(url);
    if (sha === undefined || name === undefined || name === view.name) return [];
    return [
      {
        kind: 'depends_on',
        from: repositoryRef(view.name),
        to: repositoryRef(name),
        slot: path.slice(0, 1_000),
        method: 'declared',
        evidence: { path: file.path, startLine: line, endLine: line },
        properties: { path, commit: sha },
      },
    ];
  });
  if (facts.length === 0) return [];
  return [
    {
      object: `submodules:${view.name}`,
      extractor: 'submodules',
      extractorVersion: 1,
      revision: file.blobSha,
      position: view.head.position,
      facts,
    },
  ];
}

/** Sections of a `.gitmodules` with path and address. */
export function parseGitModules(text: string): { path: string; url: string; line: number }[] {
  const modules: { path?: string; url?: string; line: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*\[submodule\s/.test(line)) modules.push({ line: index + 1 });
    const entry = /^\s*(path|url)\s*=\s*(\S.{0,998})$/.exec(line);
    const last = modules.at(-1);
    if (entry === null || last === undefined) continue;
    if (entry[1] === 'path') last.path = entry[2]!.trim();
    else last.url = entry[2]!.trim();
  }
  return modules.flatMap(({ path, url, line }) =>
    path === undefined || url === undefined ? [] : [{ path, url, line }],
  );
}

/** `https://host/acme/money.git`, `git@host:acme/money.git` -> `acme/money`. */
function repositoryNameOf(url: string): string | undefined {
  const parts = url
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\/|^[^/]*:/i, '')
    .replace(/\.git\/*$|\/+$/g, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.length < 2 ? undefined : parts.slice(-2).join('/');
}
