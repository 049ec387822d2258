/** Who wrote a change and who had a hand in it, from its commits. Pure: values in, values out. */
import type { Commit } from '#git';
import type { Change } from '../schema.ts';

/** Names under which agents sign commits and trailers. */
const AGENT =
  /\b(claude|anthropic|codex|openai|copilot|cursor(?:agent)?|gemini|devin|aider|opencode|openhands|sweep|jules|amp)\b|\[bot\]/i;
const HELPER_TRAILERS: ReadonlySet<string> = new Set([
  'co-authored-by',
  'assisted-by',
  'generated-by',
]);

type Told = Pick<Commit, 'author' | 'committer' | 'trailers'>;

/** A session behind it makes it an agent's; agents in the trailers alone make it assisted. */
export function classifyAuthor(
  commits: readonly Told[],
  { hasSession }: { hasSession: boolean },
): Change['authorKind'] {
  if (hasSession) return 'agent';
  const byAgent = commits.filter(({ author }) => AGENT.test(`${author.name} ${author.email}`));
  if (commits.length > 0 && byAgent.length === commits.length) return 'agent';
  const isHelped = commits.some(({ trailers }) =>
    trailers.some(({ name, value }) => HELPER_TRAILERS.has(name) && AGENT.test(value)),
  );
  return isHelped || byAgent.length > 0 ? 'assisted' : 'human';
}

/** Everyone named in the commits: authors, committers, and people in the trailers. */
export function commitIdentities(commits: readonly Told[]): string[] {
  const addresses = commits.flatMap(({ author, committer, trailers }) => [
    author.email,
    committer.email,
    ...trailers.flatMap(({ name, value }) => {
      const address = /<(?<email>[^<>@\s]+@[^<>\s]+)>/.exec(value)?.groups?.['email'];
      return HELPER_TRAILERS.has(name) && address !== undefined ? [address] : [];
    }),
  ]);
  const known = addresses.filter((address) => address.includes('@'));
  return [...new Set(known.map((address) => `email:${address.toLowerCase()}`))].sort();
}

/** Keys of work items a change names: `#12` in this repository, `SHOP-12` elsewhere. */
export function workItemKeys(
  repository: string,
  change: { title: string; branch: string; text: string },
): string[] {
  const inTitle = [...`${change.title}\n${change.text}`.matchAll(/(?:^|[\s(])#(?<n>\d{1,9})\b/g)];
  const inBranch = [...change.branch.matchAll(/(?:^|[/_-])(?:issue-|#)?(?<n>\d{1,9})(?=$|[/_-])/g)];
  const tickets = [
    ...`${change.title}\n${change.branch}`.matchAll(/\b[A-Z][A-Z0-9]{1,9}-\d{1,9}\b/g),
  ];
  const numbers = [...inTitle, ...inBranch].map(({ groups }) => groups?.['n'] ?? '');
  return [
    ...new Set([
      ...numbers.map((number) => `${repository}#${number}`),
      ...tickets.map(([ticket]) => ticket),
    ]),
  ];
}

/**
 * The newest commits of a change as they are, and of all older ones those that name somebody, or say
 * something in a trailer, that no later one does: however many follow, whoever wrote one had a hand in it.
 */
export async function commitsThatCount<Kept extends Told>(
  commits: AsyncIterable<Kept>,
  newest: number,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  const seen = new Set<string>();
  for await (const commit of commits) {
    const { author, committer, trailers } = commit;
    const told = JSON.stringify([author.name, author.email, committer.email, trailers]);
    if (kept.length >= newest && seen.has(told)) continue;
    seen.add(told);
    kept.push(commit);
  }
  return kept;
}
