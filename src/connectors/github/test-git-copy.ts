/**
 * For tests: the emulator keeps real git objects but serves no git. This copies them, object by object and
 * under their own names, into a bare repository that git can fetch from.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { REPOSITORY, type TestGitHub } from './test-github.ts';

interface Identity {
  name: string;
  email: string;
  date: string;
}
interface CommitObject {
  sha: string;
  message: string;
  tree: { sha: string };
  parents: { sha: string }[];
  author: Identity;
  committer: Identity;
}
interface TreeObject {
  tree: { path: string; mode: string; type: 'blob' | 'tree'; sha: string }[];
}

/** Brings the bare repository in `dir` up to what the emulator has. */
export async function copyToGit(github: TestGitHub, dir: string): Promise<void> {
  if (!existsSync(dir)) git(['init', '-q', '--bare', '-b', 'main', dir]);
  const base = `/repos/${REPOSITORY}/git`;
  const known = new Set<string>();

  const isThere = (sha: string): boolean => {
    if (known.has(sha)) return true;
    try {
      git(['-C', dir, 'cat-file', '-e', sha]);
      known.add(sha);
      return true;
    } catch {
      return false;
    }
  };

  function write(type: 'blob' | 'tree' | 'commit', sha: string, content: Buffer): void {
    const written = git(['-C', dir, 'hash-object', '-t', type, '-w', '--stdin'], content).trim();
    if (written !== sha) throw new Error(`${type} ${sha} became ${written}`);
    known.add(sha);
  }

  async function copyTree(sha: string): Promise<void> {
    if (isThere(sha)) return;
    const { tree } = (await github.api('GET', `${base}/trees/${sha}`)) as TreeObject;
    for (const entry of tree) {
      if (entry.type === 'tree') await copyTree(entry.sha);
      else if (!isThere(entry.sha)) {
        const blob = (await github.api('GET', `${base}/blobs/${entry.sha}`)) as {
          content: string;
          encoding: string;
        };
        write('blob', entry.sha, Buffer.from(blob.content, blob.encoding as BufferEncoding));
      }
    }
    const nameOf = (entry: TreeObject['tree'][number]) =>
      entry.type === 'tree' ? `${entry.path}/` : entry.path;
    const rows = tree
      .toSorted((a, b) => Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b))))
      .map(({ mode, path, sha: object }) =>
        Buffer.concat([
          Buffer.from(`${mode.replace(/^0+/, '')} ${path}\0`),
          Buffer.from(object, 'hex'),
        ]),
      );
    write('tree', sha, Buffer.concat(rows));
  }

  async function copyCommit(sha: string): Promise<void> {
    if (isThere(sha)) return;
    const commit = (await github.api('GET', `${base}/commits/${sha}`)) as CommitObject;
    for (const parent of commit.parents) await copyCommit(parent.sha);
    await copyTree(commit.tree.sha);
    const person = ({ name, email, date }: Identity) =>
      `${name} <${email}> ${Math.floor(Date.parse(date) / 1_000)} +0000`;
    const message = commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`;
    const lines = [
      `tree ${commit.tree.sha}`,
      ...commit.parents.map((parent) => `parent ${parent.sha}`),
      `author ${person(commit.author)}`,
      `committer ${person(commit.committer)}`,
      '',
      message,
    ];
    write('commit', sha, Buffer.from(lines.join('\n')));
  }

  const refs = (await github.api('GET', `${base}/matching-refs/heads`)) as {
    ref: string;
    object: { sha: string };
  }[];
  for (const { ref, object } of refs) {
    await copyCommit(object.sha);
    git(['-C', dir, 'update-ref', ref, object.sha]);
  }
}

function git(args: string[], input?: Buffer): string {
  return execFileSync('git', args, {
    ...(input === undefined ? {} : { input }),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
