/**
 * Goal: what a genuine delivery tells of a change is in the graph before any sweep, and a repository
 * nobody imported stays unknown.
 * Method: a node composed over a real database; GitHub's recorded delivery at the receiver's door.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger, loadConfig } from '#kernel';
import { testClock, testDatabase, testRepository, waitFor } from '#testing';
import { compose } from './compose.ts';

const NAME = 'Codertocat/Hello-World';
const EVERYTHING = { mayRead: () => true };

function recordedPull(): { [key: string]: unknown } {
  const path = createRequire(import.meta.url).resolve(
    '@octokit/webhooks-examples/api.github.com/index.json',
  );
  const all = JSON.parse(readFileSync(path, 'utf8')) as {
    name: string;
    examples: { action?: string }[];
  }[];
  return {
    ...all
      .find(({ name }) => name === 'pull_request')!
      .examples.find(({ action }) => action === 'opened')!,
  };
}

test('a delivery is a hint for the graph of an imported repository, and twice is once', async () => {
  await using database = await testDatabase();
  await using source = await testRepository();
  await source.commit({ files: { 'README.md': '# Hello\n' } });
  const { db } = database;
  const data = mkdtempSync(join(tmpdir(), 'loom-hints-'));
  const env = { LOOM_GITHUB_WEBHOOK_SECRET: 'secret' };
  await using node = await compose({
    config: loadConfig({ flags: { data }, env, cwd: data }),
    storage: { db, kind: 'external', version: '18', [Symbol.asyncDispose]: async () => {} },
    clock: testClock(),
    log: createLogger({ level: 'silent' }),
    publicUrl: 'http://127.0.0.1:7400',
    work: false,
  });
  const { context } = node.services;
  const actor = { kind: 'system', id: 'test' } as const;
  await context.importRepository({ url: source.dir, name: NAME, host: 'github' }, actor);
  const github = node.hosts.webhooks.get('github')!;
  const deliver = (id: string, payload: unknown) =>
    github.receive({
      headers: { 'x-github-event': 'pull_request', 'x-github-delivery': id },
      body: Buffer.from(JSON.stringify(payload)),
    });
  const pull = recordedPull();
  const repository = { ...(pull['repository'] as object), full_name: 'acme/elsewhere' };

  await deliver('one', { ...pull, repository });
  await deliver('two', pull);
  await deliver('two', pull);

  const known = await waitFor('the change in the graph', async () => {
    const found = await context.graph.search(EVERYTHING, { text: 'Update the README' });
    return found.length > 0 ? found : undefined;
  });
  expect(known.map(({ id }) => id)).toEqual([`change:${NAME}#2`]);
  rmSync(data, { recursive: true, force: true });
});
