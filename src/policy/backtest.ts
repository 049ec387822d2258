/** Reads the landed changes of a branch and puts an edited policy over them. */
import type { CommitWithFiles, GitRepository } from '#git';
import type { CompiledPolicy } from './compile.ts';
import { contentOf } from './content.ts';
import type { FactSources } from './facts.ts';
import { CONTENT_TAGS } from './patch-facts.ts';
import { assessLanded } from './repository-risk.ts';
import { type Backtest, type PastChange, simulate } from './simulate.ts';

export const MAX_BACKTEST_CHANGES = 500;
/** Enough to keep two cores busy while git reads. */
const PATCHES_AT_ONCE = 4;

export interface BacktestOptions {
  git: GitRepository;
  /** Chooses a model that never saw it. */
  repository?: string | undefined;
  headSha: string;
  current: CompiledPolicy;
  edited: CompiledPolicy;
  /** Oldest moment to look at; the newest `limit` changes since then are taken. */
  since: Date;
  limit?: number | undefined;
  authorKindOf: (commit: CommitWithFiles) => FactSources['authorKind'];
  /** Owners by path, for these paths. */
  ownersOf: (paths: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
  onProgress?: ((progress: BacktestProgress) => void) | undefined;
}

export interface BacktestProgress {
  phase: 'history' | 'risk' | 'patches' | 'verdicts' | 'done';
  done: number;
  total: number | null;
}

/** First-parent commits of the branch: what landed, one by one, whether merged or squashed. */
export async function backtestPolicy(options: BacktestOptions): Promise<Backtest> {
  const { git, headSha, current, edited, since, onProgress = () => {} } = options;
  const limit = Math.min(options.limit ?? MAX_BACKTEST_CHANGES, MAX_BACKTEST_CHANGES);
  const landed: CommitWithFiles[] = [];
  for await (const commit of git.logWithFiles({ to: headSha, firstParent: true, since, limit })) {
    landed.push(commit);
    if (landed.length % 25 === 0)
      onProgress({ phase: 'history', done: landed.length, total: limit });
  }
  const commits = landed.toReversed();
  const [contents, { risks }] = await Promise.all([
    asksForContent(current) || asksForContent(edited) ? readContents(git, commits, onProgress) : [],
    assessLanded(git, {
      repository: options.repository ?? '',
      to: headSha,
      count: commits.length,
      onRead: (done) => onProgress({ phase: 'risk', done, total: null }),
    }),
  ]);
  const changes = commits.map((commit, index): PastChange => {
    const authorKind = options.authorKindOf(commit);
    return {
      commit,
      authorKind,
      // History names no agent by an id; all of one author's work draws on one budget.
      agent: authorKind === 'agent' ? commit.author.email.toLowerCase() : undefined,
      content: contents[index] ?? 'not-asked',
      assessed: risks.get(commit.sha) ?? null,
    };
  });
  const paths = [...new Set(commits.flatMap(({ files }) => files.map(({ path }) => path)))];
  const owners = await options.ownersOf(paths);
  const report = await simulate(current, edited, { changes, owners, landed }, (progress) =>
    onProgress({ phase: 'verdicts', ...progress }),
  );
  onProgress({ phase: 'done', done: changes.length, total: changes.length });
  return report;
}

/** Reading every patch takes longer than all the rest, so it is done where some rule wants to know. */
function asksForContent({ document }: CompiledPolicy): boolean {
  return document.rules.some(({ when }) =>
    when.tags.some((tag) => (CONTENT_TAGS as readonly string[]).includes(tag)),
  );
}

async function readContents(
  git: GitRepository,
  commits: readonly CommitWithFiles[],
  onProgress: (progress: BacktestProgress) => void,
): Promise<FactSources['content'][]> {
  const contents: FactSources['content'][] = [];
  let next = 0;
  async function work(): Promise<void> {
    while (next < commits.length) {
      const index = next;
      next += 1;
      const { sha, parents, files } = commits[index]!;
      const [parent] = parents;
      contents[index] =
        parent === undefined
          ? 'not-asked'
          : await contentOf(git, { baseSha: parent, headSha: sha }, files);
      if (index % 20 === 19)
        onProgress({ phase: 'patches', done: index + 1, total: commits.length });
    }
  }
  await Promise.all(Array.from({ length: PATCHES_AT_ONCE }, work));
  return contents;
}
