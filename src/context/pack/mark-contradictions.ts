/** Records of one pack that contradict each other: both are shown, each with what the other says. Pure. */
import { findContradictions } from '../contradictions.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';

/** Whose word weighs more, the strongest first. */
const AUTHORITY: readonly ItemDraft['kind'][] = [
  'control',
  'decision',
  'rule',
  'incident',
  'document',
  'lesson',
];

export function markContradictions(drafts: readonly ItemDraft[]): ItemDraft[] {
  const records = drafts.filter(
    ({ kind, text, freshness }) =>
      AUTHORITY.includes(kind) && text !== '' && freshness !== 'superseded',
  );
  const marks = new Map<ItemDraft, ItemDraft['why']>();
  const mark = (one: ItemDraft, other: ItemDraft, sentence: string): void => {
    const weight = AUTHORITY.indexOf(one.kind) - AUTHORITY.indexOf(other.kind);
    const word = weight < 0 ? 'weaker' : weight > 0 ? 'stronger' : 'equal';
    const date =
      other.observedAt === null ? '' : ` of ${other.observedAt.toISOString().slice(0, 10)}`;
    const evidence = `${other.kind} ${other.path ?? other.title}${date} (${word}) says: ${shorten(sentence, 90)}`;
    marks.set(one, [...(marks.get(one) ?? []), { signal: 'contradicts', evidence }]);
  };
  for (const { one, other } of findContradictions(records.map(({ text }) => text))) {
    mark(records[one.record]!, records[other.record]!, other.sentence);
    mark(records[other.record]!, records[one.record]!, one.sentence);
  }
  return drafts.map((draft) => {
    const why = marks.get(draft);
    if (why === undefined) return draft;
    // What they disagree about comes first: it decides how to read the rest.
    return { ...draft, freshness: 'contradicted', why: [...why, ...draft.why] };
  });
}
