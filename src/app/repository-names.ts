/** What hosts tell of repositories as such: what they call them, and whether they let us in. */
import type { Signal } from '#connectors/contract';
import type { ContextService } from '#context';
import { repositoryOf, withName } from '#orchestration';

type Names = Pick<ContextService, 'nameOf' | 'renameRepository' | 'setAccess'>;

const actorOf = (source: string) => ({ kind: 'connector', id: source }) as const;

/**
 * The signal under the name we know its repository by; undefined when it is of another repository, which
 * only bears the name of one of ours.
 */
export async function nameSignal(names: Names, signal: Signal): Promise<Signal | undefined> {
  const name = repositoryOf(signal);
  if (name === undefined) return signal;
  const { source, repositoryKey: key, occurredAt: at } = signal;
  const known = await names.nameOf(source, { name, key, at }, actorOf(source));
  switch (known.outcome) {
    case 'ours':
      return withName(signal, known.name);
    case 'another':
      return undefined;
    case 'unknown':
      return signal;
  }
}

export async function takeRepositoryNews(
  names: Names,
  signal: Extract<Signal, { type: 'repository.renamed' | 'repository.access-changed' }>,
): Promise<void> {
  const { source, occurredAt: at } = signal;
  const actor = actorOf(source);
  if (signal.type === 'repository.renamed') {
    const { from, to, repositoryKey: key } = signal;
    await names.renameRepository(source, { from, to, key, at }, actor);
    return;
  }
  const why = `${signal.account} took our access away: the App was removed, suspended, or the repository taken off its list`;
  await names.setAccess(source, signal.revoked, { at, why }, actor);
  await names.setAccess(source, signal.granted, null, actor);
}
