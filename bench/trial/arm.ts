/** One arm of the trial: a fresh repository, the agents at once, and what main holds in the end. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentSetup, TaskResult } from './agent.ts';
import { attempt, git } from './git.ts';
import { shuffled } from './random.ts';
import { FILES, type Task, TASKS } from './tasks.ts';

const AGENT = join(import.meta.dirname, 'agent.ts');

export interface ArmOptions {
  /** Empty; everything of the arm is made in it. */
  folder: string;
  seed: number;
  agents: number;
  tasks: readonly Task[];
  paceMs: number;
  /** Wires the home of the agents; given the address of the repository. Gives what their hooks need. */
  attach?: (place: { home: string; origin: string }) => Promise<Record<string, string>>;
}

export interface ArmResult {
  seed: number;
  tasks: TaskResult[];
  wallMs: number;
  /** Edits of landed tasks that main does not hold in the end. */
  lostEdits: string[];
  /** Pieces of work that were landed; two tasks that ask for the same are one. */
  landedWork: number;
  allWork: number;
  isMainGreen: boolean;
}

export async function runArm(options: ArmOptions): Promise<ArmResult> {
  const { folder, seed, agents, tasks, paceMs, attach } = options;
  const origin = join(folder, 'shop.git');
  const clone = join(folder, 'clone');
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  await makeRepository(folder, origin, clone);
  const environment = (await attach?.({ home, origin })) ?? {};

  const order = shuffled(tasks, `${seed}`).map(({ name }) => name);
  const began = performance.now();
  const results = await Promise.all(
    Array.from({ length: agents }, (_, at) => {
      const name = `agent-${at + 1}`;
      const own = order.filter((_task, place) => place % agents === at);
      const trees = join(folder, name);
      mkdirSync(trees);
      return startAgent(
        { name, clone, folder: trees, seed, paceMs, tasks: own },
        home,
        environment,
      );
    }),
  );
  const wallMs = performance.now() - began;
  return {
    seed,
    wallMs,
    tasks: results.flat(),
    ...(await lookAtMain(clone, results.flat(), tasks)),
  };
}

async function makeRepository(folder: string, origin: string, clone: string): Promise<void> {
  await git(folder, 'init', '--quiet', '--bare', '-b', 'main', origin);
  await git(folder, 'clone', '--quiet', origin, clone);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '-m', 'Start the shop');
  await git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
}

async function startAgent(
  setup: AgentSetup,
  home: string,
  environment: Record<string, string>,
): Promise<TaskResult[]> {
  const child = spawn(process.execPath, [AGENT, JSON.stringify(setup)], {
    // Nothing of ours but the way to programs: both arms begin alike.
    env: { PATH: process.env['PATH'], HOME: home, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const status = await new Promise((resolve) => {
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(`${setup.name} ended with ${String(status)}: ${err}`);
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TaskResult);
}

async function lookAtMain(
  clone: string,
  results: readonly TaskResult[],
  tasks: readonly Task[],
): Promise<Pick<ArmResult, 'lostEdits' | 'landedWork' | 'allWork' | 'isMainGreen'>> {
  await git(clone, 'fetch', '--quiet', 'origin', 'main');
  await git(clone, 'checkout', '--quiet', '--detach', 'origin/main');
  const landed = new Set(
    results.filter(({ outcome }) => outcome === 'landed').map(({ task }) => task),
  );
  const lostEdits: string[] = [];
  for (const { name, edits } of TASKS.filter((task) => landed.has(task.name))) {
    for (const { path, put } of edits) {
      const { out } = await attempt('git', ['show', `HEAD:${path}`], clone);
      if (!out.includes(put)) lostEdits.push(`${name}: ${path}`);
    }
  }
  const workOf = ({ name, twin }: Task) => [name, twin ?? name].toSorted()[0]!;
  const landedWork = new Set(tasks.filter(({ name }) => landed.has(name)).map(workOf)).size;
  const { status } = await attempt(process.execPath, ['--test'], clone);
  return {
    lostEdits,
    landedWork,
    allWork: new Set(tasks.map(workOf)).size,
    isMainGreen: status === 0,
  };
}
