/** Where a person can look at a source, for hosts whose pages have known addresses. Pure. */
import type { PackItem, Repository } from './schema.ts';

/** The page of a file or commit on the repository's host; undefined where there is none we know. */
export function linkTo(
  repository: Pick<Repository, 'host' | 'url' | 'headSha'>,
  item: Pick<PackItem, 'source' | 'path' | 'kind'>,
): string | undefined {
  const { source } = item;
  if (repository.host !== 'github' || source.system !== 'git') return undefined;
  const base = repository.url.replace(/\.git$/, '').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(base)) return undefined;
  if (item.kind === 'change') return `${base}/commit/${encodeURIComponent(source.object)}`;
  const path = item.path ?? (source.lines === undefined ? undefined : source.object);
  const revision = repository.headSha;
  if (path === undefined || revision === null) return undefined;
  const [from, to] = (source.lines ?? '').split('-');
  const lines =
    from === undefined || from === '' ? '' : `#L${from}${to === undefined ? '' : `-L${to}`}`;
  return `${base}/blob/${revision}/${path.split('/').map(encodeURIComponent).join('/')}${lines}`;
}
