/** Reviewers' words from outside systems, kept so that what is said again and again can be found. */
import type { KnowledgeItem } from '#connectors/contract';
import type { Tx } from '#kernel';
import { maskSecrets } from '../masking.ts';
import { isRobot } from '../people.ts';
import { neutralise } from '../quoting.ts';
import { findRepositoryRow } from '../store.ts';
import { shorten } from '../tokens.ts';
import { insertRemarks, type Remark } from './outcome-store.ts';

const MAX_REMARK = 2_000;

/** Keeps comments on code and refusals; praise and programs teach nothing. */
export async function keepRemarks(
  tx: Tx,
  system: string,
  items: readonly KnowledgeItem[],
): Promise<void> {
  const byRepository = Map.groupBy(items, ({ repository }) => repository);
  for (const [name, own] of byRepository) {
    const remarks = own.flatMap((item) => toRemark(system, item) ?? []);
    const repository =
      remarks.length === 0 ? undefined : await findRepositoryRow(tx, { nameOrId: name });
    if (repository !== undefined) await insertRemarks(tx, repository.id, remarks);
  }
}

function toRemark(system: string, item: KnowledgeItem): Remark | undefined {
  const isRefusal = item.kind === 'review' && item.verdict === 'changes-requested';
  if (item.kind !== 'review-comment' && !isRefusal) return undefined;
  const author = item.author ?? '';
  if (item.text.trim() === '' || isRobot({ name: author, email: '' })) return undefined;
  return {
    id: `${system}:${item.repository}:${item.object}`,
    changeId: `${item.repository}#${item.changeNumber}`,
    author,
    path: item.kind === 'review-comment' ? item.path : null,
    text: shorten(maskSecrets(neutralise(item.text)), MAX_REMARK),
    saidAt: item.updatedAt,
  };
}
