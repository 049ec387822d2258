/** Builds the in-memory index of a repository from git alone and moves it along the first-parent line. */
import type { GitRepository, MergedChange } from '#git';
import { type MergedBranch, ChangeHistory } from './change-history.ts';
import { Corpus, MAX_FILE_BYTES } from './corpus.ts';
import { Snapshot } from './snapshot.ts';

const MAX_BRANCH_COMMITS = 60;
/** From here on listing the tree for its sizes is cheaper than reading a large file. */
const MANY_READS = 500;

export class Replay {
  readonly #git: GitRepository;
  readonly #signal: AbortSignal | undefined;
  readonly #history = new ChangeHistory();
  readonly #corpus = new Corpus();
  #head: string | undefined;
  #snapshot: Snapshot | undefined;
  #snapshotAt: string | undefined;

  /** Once the signal is aborted, `follow` and `snapshot` throw its reason, and the replay is of no more use. */
  constructor(git: GitRepository, signal?: AbortSignal) {
    this.#git = git;
    this.#signal = signal;
  }

  get head(): string | undefined {
    return this.#head;
  }

  get history(): ChangeHistory {
    return this.#history;
  }

  get corpus(): Corpus {
    return this.#corpus;
  }

  /**
   * Takes every change after the present head up to `to`, oldest first, and calls back after each; the
   * answer `stop` ends it there. False, and nothing is taken, when the present head does not lie on the
   * first-parent line of `to`: history was rewritten, and a new replay must begin.
   */
  async follow(to: string, visit?: (sha: string) => Promise<'stop' | void>): Promise<boolean> {
    if (this.#head === to) return true;
    const branches = await readBranches(this.#git, to, this.#head);
    let isFirst = this.#head !== undefined;
    for await (const change of this.#git.changeLog({ to, from: this.#head })) {
      this.#signal?.throwIfAborted();
      if (isFirst && change.parents[0] !== this.#head) return false;
      isFirst = false;
      this.#corpus.note(this.#history.add(change, branches(change)));
      this.#head = change.sha;
      if ((await visit?.(change.sha)) === 'stop') return true;
    }
    // Nothing lies between: `to` is older than the head.
    return this.#head === to;
  }

  /** Reads what changed in the tree since the last reading. The same head gives the same snapshot. */
  async snapshot(): Promise<Snapshot> {
    if (this.#snapshot !== undefined && this.#snapshotAt === this.#head) return this.#snapshot;
    const reads = this.#corpus.takeReads((file) => this.#history.paths[file]!);
    if (reads.size > MANY_READS && this.#head !== undefined) {
      // The first reading of a tree: what is too large is not even fetched from the object store.
      for (const { sha, size } of await this.#git.listFiles(this.#head)) {
        if (size > MAX_FILE_BYTES && reads.delete(sha)) this.#corpus.skipped.tooLarge += 1;
      }
    }
    if (reads.size > 0) {
      for await (const { sha, data } of this.#git.readBlobs([...reads.keys()])) {
        this.#signal?.throwIfAborted();
        for (const file of reads.get(sha) ?? []) {
          this.#corpus.put(file, this.#history.paths[file]!, data);
        }
      }
    }
    this.#snapshot = new Snapshot(this.#history, this.#corpus);
    this.#snapshotAt = this.#head;
    return this.#snapshot;
  }
}

/**
 * What merges brought: the author of the branch's tip (the merge itself is often a robot's), and what its
 * commits said. Where nothing was merged, one count of commits is all it costs.
 */
export async function readBranches(
  git: GitRepository,
  to: string,
  from?: string,
): Promise<(change: MergedChange) => MergedBranch | undefined> {
  if (from === undefined) {
    const [all, merged] = await Promise.all([
      git.countCommits({ to }),
      git.countCommits({ to, firstParent: true }),
    ]);
    if (all === merged) return () => undefined;
  }
  const commits = new Map<
    string,
    { parents: string[]; name: string; email: string; subject: string }
  >();
  for await (const { sha, parents, author, subject } of git.log({ to, from })) {
    commits.set(sha, { parents, ...author, subject });
  }
  const taken = new Set<string>();
  return (change) => {
    taken.add(change.sha);
    const tip = change.parents[1];
    const first = tip === undefined ? undefined : commits.get(tip);
    if (tip === undefined || first === undefined) return undefined;
    const subjects: string[] = [];
    const open = [tip];
    while (open.length > 0 && subjects.length < MAX_BRANCH_COMMITS) {
      const sha = open.pop()!;
      const commit = commits.get(sha);
      if (commit === undefined || taken.has(sha)) continue;
      taken.add(sha);
      if (commit.parents.length < 2) subjects.push(commit.subject);
      open.push(...commit.parents);
    }
    return { author: { name: first.name, email: first.email }, text: subjects.join('\n') };
  };
}
