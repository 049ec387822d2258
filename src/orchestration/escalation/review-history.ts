/**
 * Who reviewed and wrote what in a repository, from its own history: trailers, whoever landed the work
 * of others, and consents given here. People are their ids where we know them, else an address.
 */
import type { GovernanceService, Person } from '#governance';
import type { CommitWithFiles, GitRepository } from '#git';
import type { Id } from '#kernel';
import {
  createReviewHistory,
  defaultReviewWeights,
  learnReviewWeights,
  type ReviewExample,
  type ReviewHistory,
  type ReviewWeights,
} from '#policy';

const MAX_COMMITS = 3_000;
const MAX_EXAMPLES = 300;
/** Fewer reviews than these say less than what holds everywhere. */
const LEAST_EXAMPLES = 30;
const MAX_KNOWN = 8;

export interface Familiarity {
  history: ReviewHistory;
  weights: ReviewWeights;
}

export interface FamiliarityReader {
  read(at: {
    repository: string;
    git: GitRepository;
    baseSha: string;
    people: readonly Person[];
  }): Promise<Familiarity>;
}

/** Remembers the last few repositories by commit: the history of a commit never changes. */
export function createFamiliarityReader(deps: {
  governance: Pick<GovernanceService, 'listApprovers'>;
  changes: { mergedBySha(repository: string): Promise<Map<string, { id: Id<'chg'> }>> };
}): FamiliarityReader {
  const known = new Map<string, { baseSha: string; found: Promise<Familiarity> }>();

  async function build(at: Parameters<FamiliarityReader['read']>[0]): Promise<Familiarity> {
    const { repository, git, baseSha, people } = at;
    const nameOf = namesOf(people);
    const consents = await consentsBySha(deps, repository);
    const history = createReviewHistory();
    const examples: ReviewExample[] = [];
    const commits = await Array.fromAsync(
      git.logWithFiles({
        to: baseSha,
        firstParent: true,
        limit: MAX_COMMITS,
        withLineCounts: false,
      }),
    );
    for (const [index, commit] of commits.toReversed().entries()) {
      const author = nameOf(`email:${commit.author.email.toLowerCase()}`);
      const change = {
        landedAt: commit.committedAt.getTime() / 1_000,
        author,
        subject: commit.subject,
        paths: commit.files.map(({ path }) => path),
      };
      const reviewers = [
        ...new Set([...(consents.get(commit.sha) ?? []), ...reviewersIn(commit, nameOf)]),
      ].filter((reviewer) => reviewer !== author);
      if (reviewers.length > 0 && index > commits.length / 5 && examples.length < MAX_EXAMPLES) {
        examples.push({ candidates: history.candidates(change), reviewers });
      }
      history.land({ ...change, reviewers });
    }
    const weights =
      examples.length < LEAST_EXAMPLES ? defaultReviewWeights() : learnReviewWeights(examples);
    return { history, weights };
  }

  return {
    read(at) {
      const standing = known.get(at.repository);
      if (standing?.baseSha === at.baseSha) return standing.found;
      const found = build(at);
      known.delete(at.repository);
      known.set(at.repository, { baseSha: at.baseSha, found });
      // A failure is not remembered: the commit may be there in a moment.
      found.catch(() => known.delete(at.repository));
      if (known.size > MAX_KNOWN) known.delete([...known.keys()][0]!);
      return found;
    },
  };
}

async function consentsBySha(
  deps: Parameters<typeof createFamiliarityReader>[0],
  repository: string,
): Promise<Map<string, string[]>> {
  const merged = await deps.changes.mergedBySha(repository);
  const shas = new Map([...merged].map(([sha, { id }]) => [id as string, sha] as const));
  const consents = new Map<string, string[]>();
  for (const { changeId, personId } of await deps.governance.listApprovers([...shas.keys()])) {
    const sha = shas.get(changeId)!;
    consents.set(sha, [...(consents.get(sha) ?? []), personId]);
  }
  return consents;
}

/** `Reviewed-by` and the like; whoever landed what somebody else wrote has looked at it. Pure. */
export function reviewersIn(
  { author, committer, trailers }: Pick<CommitWithFiles, 'author' | 'committer' | 'trailers'>,
  nameOf: (identity: string) => string,
): string[] {
  const named = trailers
    .filter(({ name }) => ['reviewed-by', 'approved-by', 'acked-by'].includes(name))
    .flatMap(({ value }) => /<(?<email>[^<>@\s]+@[^<>\s]+)>/.exec(value)?.groups?.['email'] ?? []);
  const landed =
    committer.email.toLowerCase() === author.email.toLowerCase() ||
    /noreply|\[bot\]/i.test(committer.email)
      ? []
      : [committer.email];
  return [...named, ...landed].map((email) => nameOf(`email:${email.toLowerCase()}`));
}

/** Identity -> id of its person, or itself. */
export function namesOf(people: readonly Person[]): (identity: string) => string {
  const ids = new Map(
    people.flatMap(({ id, identities }) => identities.map((one) => [one, id as string] as const)),
  );
  return (identity) => ids.get(identity) ?? identity;
}
