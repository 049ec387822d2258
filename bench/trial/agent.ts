/**
 * One scripted agent as a process of its own: it does its tasks one after the other, each in a work tree
 * of its own, and lands each on main by itself. It is the same program in both arms. It follows the
 * settings it finds in its home, as Claude Code does; where they name no hooks and no server, it goes on
 * by itself. How long it thinks is drawn from the seed, the task and the step, and so alike in both.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt, git, inTurn } from './git.ts';
import { AgentHooks, type Spent } from './hooks.ts';
import { drawFrom } from './random.ts';
import { applyEdit, type Task, TASKS } from './tasks.ts';

export interface AgentSetup {
  name: string;
  clone: string;
  /** Where its work trees are made. */
  folder: string;
  seed: number;
  /** Mean time of one thought. */
  paceMs: number;
  tasks: readonly string[];
}

export interface TaskResult extends Spent {
  task: string;
  /** `left`: somebody else does it or has done it. */
  outcome: 'landed' | 'left' | 'failed';
  edits: number;
  /** Edits thrown away and made again, or for nothing. */
  wastedEdits: number;
  /** Merges with main that ended in a conflict, and the files of it. */
  conflicts: string[][];
  /** Merges without a conflict whose tests were red. */
  redMerges: number;
  setAside: number;
  waitedMs: number;
  tookMs: number;
}

const MAX_ROUNDS = 30;
/** Looks for a file to become free, after which the work is put aside. */
const MAX_LOOKS = 40;

type Round = 'landed' | 'left' | 'aside';

class Worker {
  readonly #setup: AgentSetup;
  readonly #task: Task;
  readonly #result: TaskResult;
  #round = 0;
  #thoughts = 0;

  constructor(setup: AgentSetup, task: Task, result: TaskResult) {
    this.#setup = setup;
    this.#task = task;
    this.#result = result;
  }

  async work(): Promise<TaskResult> {
    const began = performance.now();
    for (this.#round = 1; this.#round <= MAX_ROUNDS; this.#round += 1) {
      const end = await this.#inTree();
      if (end !== 'aside') {
        this.#result.outcome = end;
        break;
      }
      this.#result.setAside += 1;
      await this.#wait();
    }
    this.#result.tookMs = performance.now() - began;
    return this.#result;
  }

  async #inTree(): Promise<Round> {
    const { clone, folder, name } = this.#setup;
    const tree = join(folder, `${this.#task.name}-${this.#round}`);
    const branch = `${name}/${this.#task.name}-${this.#round}`;
    await this.#fetch(clone);
    await inTurn(clone, () =>
      git(clone, 'worktree', 'add', '--quiet', '-b', branch, tree, 'origin/main'),
    );
    const hooks = new AgentHooks({
      home: process.env['HOME'] ?? '',
      folder: tree,
      sessionId: randomUUID(),
    });
    try {
      return await this.#inSession(tree, hooks);
    } finally {
      await hooks.fire('SessionEnd', { reason: 'other' });
      hooks.close();
      for (const key of Object.keys(hooks.spent) as (keyof Spent)[])
        this.#result[key] += hooks.spent[key];
    }
  }

  async #inSession(tree: string, hooks: AgentHooks): Promise<Round> {
    const { title, text, edits } = this.#task;
    const start = await hooks.fire('SessionStart', { source: 'startup' });
    const prompt = await hooks.fire('UserPromptSubmit', { prompt: `${title}\n\n${text}` });
    await this.#think(2);
    const told = `${start.context}\n${prompt.context}`;
    if (this.#isTwinAt(told)) return 'left';

    const session = /ses_[0-9a-f]{32}/.exec(told)?.[0];
    const planned = edits.filter(({ isLate }) => isLate !== true).map(({ path }) => path);
    if (hooks.hasTools && !(await this.#claim(hooks, session, planned))) return 'aside';
    await this.#bringUpToDate(tree);
    for (;;) {
      const made = await this.#editAll(tree, hooks);
      if (made !== 'made') return made;
      if (await this.#land(tree)) return 'landed';
      // On the main of now, everything again.
      this.#result.wastedEdits += edits.length;
      await git(tree, 'reset', '--quiet', '--hard', 'origin/main');
    }
  }

  /** Asks for all it plans to change; while others hold some of it, it holds nothing and waits. */
  async #claim(
    hooks: AgentHooks,
    session: string | undefined,
    paths: readonly string[],
  ): Promise<boolean> {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const answer = await hooks.call('claim', { session, paths, intent: this.#task.title });
      if (answer?.['outcome'] === 'granted') return true;
      await this.#wait();
    }
    return false;
  }

  async #editAll(tree: string, hooks: AgentHooks): Promise<'made' | 'left' | 'aside'> {
    let made = 0;
    for (const edit of this.#task.edits) {
      await this.#think(1);
      const call = { tool_name: 'Write', tool_input: { file_path: join(tree, edit.path) } };
      if (!(await this.#mayEdit(tree, hooks, call))) {
        this.#result.wastedEdits += made;
        return 'aside';
      }
      const text = applyEdit(read(join(tree, edit.path)), edit);
      if (text === undefined) {
        // It reads that there is nothing left to do: another has done it.
        this.#result.wastedEdits += made;
        return 'left';
      }
      mkdirSync(dirname(join(tree, edit.path)), { recursive: true });
      writeFileSync(join(tree, edit.path), text);
      made += 1;
      this.#result.edits += 1;
      await hooks.fire('PostToolUse', { ...call, tool_response: { success: true } });
    }
    await this.#commit(tree);
    return 'made';
  }

  /** Waits for a file that another holds, and takes in what the other made of it. */
  async #mayEdit(tree: string, hooks: AgentHooks, call: object): Promise<boolean> {
    for (let look = 0; look < MAX_LOOKS / 4; look += 1) {
      const { denied, context } = await hooks.fire('PreToolUse', { ...call });
      if (denied === undefined) {
        // It waited, or is told that what it began from is old.
        if (look > 0 || context.includes('take it in (git fetch')) await this.#bringUpToDate(tree);
        return true;
      }
      await this.#wait();
    }
    return false;
  }

  /** Puts what it has so far on top of the main of now. */
  async #bringUpToDate(tree: string): Promise<void> {
    await this.#commit(tree);
    await this.#fetch(tree);
    const { status } = await attempt('git', ['rebase', '--quiet', 'origin/main'], tree);
    if (status === 0) return;
    this.#result.conflicts.push(await conflictsIn(tree));
    await git(tree, 'rebase', '--abort');
  }

  async #fetch(tree: string): Promise<void> {
    await inTurn(this.#setup.clone, () => git(tree, 'fetch', '--quiet', 'origin', 'main'));
  }

  async #commit(tree: string): Promise<void> {
    await git(tree, 'add', '--all');
    const { status } = await attempt('git', ['diff', '--cached', '--quiet'], tree);
    if (status !== 0) await git(tree, 'commit', '--quiet', '-m', this.#task.title);
  }

  /** Merges with main, tests what would be main, pushes. False: it has to be made again. */
  async #land(tree: string): Promise<boolean> {
    for (;;) {
      await this.#fetch(tree);
      const merge = await attempt('git', ['merge', '--quiet', '--no-edit', 'origin/main'], tree);
      if (merge.status !== 0) {
        this.#result.conflicts.push(await conflictsIn(tree));
        await git(tree, 'merge', '--abort');
        return false;
      }
      const { status } = await attempt(process.execPath, ['--test'], tree);
      if (status !== 0) {
        this.#result.redMerges += 1;
        return false;
      }
      const push = await inTurn(this.#setup.clone, () =>
        attempt('git', ['push', '--quiet', 'origin', 'HEAD:main'], tree),
      );
      if (push.status === 0) return true;
    }
  }

  /** Whether it was told of somebody at the very same work: a model would know it by reading. */
  #isTwinAt(told: string): boolean {
    const twin = TASKS.find(({ name }) => name === this.#task.twin);
    const at = told.indexOf('Somebody may be at this already');
    return twin !== undefined && at !== -1 && told.slice(at, at + 2_000).includes(twin.title);
  }

  async #think(thoughts: number): Promise<void> {
    const { seed, paceMs } = this.#setup;
    this.#thoughts += 1;
    const draw = drawFrom(`${seed} ${this.#task.name} ${this.#thoughts}`);
    await delay(thoughts * paceMs * (0.5 + draw));
  }

  async #wait(): Promise<void> {
    const began = performance.now();
    const { seed, name, paceMs } = this.#setup;
    this.#thoughts += 1;
    await delay(paceMs * (0.5 + drawFrom(`${seed} ${name} waits ${this.#thoughts}`)));
    this.#result.waitedMs += performance.now() - began;
  }
}

async function conflictsIn(tree: string): Promise<string[]> {
  const names = await git(tree, 'diff', '--name-only', '--diff-filter=U');
  return names.split('\n').filter(Boolean);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const NOTHING = {
  outcome: 'failed',
  edits: 0,
  wastedEdits: 0,
  redMerges: 0,
  setAside: 0,
  waitedMs: 0,
  tookMs: 0,
  hookCalls: 0,
  hookMs: 0,
  toolCalls: 0,
  toolMs: 0,
  toldCharacters: 0,
} as const;

if (import.meta.main) {
  const setup = JSON.parse(process.argv[2] ?? '{}') as AgentSetup;
  for (const name of setup.tasks) {
    const task = TASKS.find((known) => known.name === name)!;
    const worker = new Worker(setup, task, { ...NOTHING, task: name, conflicts: [] });
    process.stdout.write(`${JSON.stringify(await worker.work())}\n`);
  }
}
