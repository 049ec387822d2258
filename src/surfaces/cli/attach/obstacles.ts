/** What keeps an agent's hooks from running although its files are right, as far as files tell. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Wiring, WIRINGS } from './agents.ts';
import type { WiredFolder } from './folder.ts';
import { readJson } from './json-text.ts';
import { readToml, tomlAt } from './toml-text.ts';

export interface Finding {
  what: string;
  state: 'ok' | 'warning' | 'failed';
  detail: string;
  /** What to do about it; null when there is nothing to do. */
  next: string | null;
}

/** One finding for each thing that is known to be in the way. */
export function obstacles(wiring: Wiring, folders: readonly WiredFolder[]): Finding[] {
  const repository = folders.find(({ scope }) => scope === 'repository');
  const user = folders.find(({ scope }) => scope === 'user');
  if (wiring.agent === 'claude-code') return claudeObstacles(wiring, repository, user);
  if (wiring.agent === 'cursor') return cursorObstacles(wiring, folders);
  if (wiring.agent === 'codex' && repository !== undefined && user !== undefined) {
    return codexObstacles(wiring, repository, user);
  }
  return [];
}

function claudeObstacles(wiring: Wiring, ...folders: (WiredFolder | undefined)[]): Finding[] {
  const managed = [
    '/etc/claude-code/managed-settings.json',
    '/Library/Application Support/ClaudeCode/managed-settings.json',
  ];
  const own = folders.flatMap((folder) =>
    folder === undefined
      ? []
      : ['settings.json', 'settings.local.json'].map((name) =>
          resolve(folder.root, dirname(folder.plans(wiring)[0]!.path), name),
        ),
  );
  return [...managed, ...own].flatMap((path) => {
    const settings = readObject(path);
    const key = ['disableAllHooks', 'allowManagedHooksOnly'].find(
      (name) => settings[name] === true,
    );
    return key === undefined
      ? []
      : [
          {
            what: 'claude-code settings',
            state: 'failed' as const,
            detail: `${path} says ${key}: our hooks do not run`,
            next: managed.includes(path)
              ? 'ask whoever manages these machines to allow them, or to add them there'
              : `take ${key} out`,
          },
        ];
  });
}

/** It runs Claude Code's hooks too; ours do nothing there, so the agent itself must be attached. */
function cursorObstacles(wiring: Wiring, folders: readonly WiredFolder[]): Finding[] {
  const claude = WIRINGS.find(({ agent }) => agent === 'claude-code')!;
  const isOwn = folders.some((folder) => folder.isAttached(wiring));
  const hasClaude = folders.some((folder) => folder.isAttached(claude));
  if (isOwn || !hasClaude) return [];
  return [
    {
      what: 'cursor hooks',
      state: 'failed',
      detail: 'it finds only the hooks of Claude Code, which do nothing when Cursor runs them',
      next: 'run `loom attach --agent cursor`',
    },
  ];
}

function codexObstacles(wiring: Wiring, repository: WiredFolder, user: WiredFolder): Finding[] {
  const [, config] = user.plans(wiring);
  const read = readToml(user.read(config!.path) ?? '');
  const value = 'value' in read ? read.value : {};
  const projects = (value['projects'] ?? {}) as Record<string, { trust_level?: unknown }>;
  const isTrusted = projects[repository.root]?.trust_level === 'trusted';
  const approved = JSON.stringify(tomlAt(value, 'hooks') ?? {}).includes('trusted_hash');
  return [
    ...(isTrusted || !repository.isAttached(wiring)
      ? []
      : [
          {
            what: 'codex trust',
            state: 'warning' as const,
            detail: `${repository.root} is not among the projects Codex trusts`,
            next: 'start `codex` here once and trust the folder',
          },
        ]),
    ...(approved
      ? []
      : [
          {
            what: 'codex hooks',
            state: 'warning' as const,
            detail: 'no hook has been approved in Codex; it skips them without a word',
            next: 'start `codex`, open /hooks and approve those of loom',
          },
        ]),
  ];
}

function readObject(path: string): Record<string, unknown> {
  if (!existsSync(path)) return {};
  const read = readJson(readFileSync(path, 'utf8'));
  return 'value' in read && typeof read.value === 'object' && read.value !== null
    ? (read.value as Record<string, unknown>)
    : {};
}
