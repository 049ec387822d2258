/** What every find passes before it may be told. Pure. */
import type { ReadAccess } from '../access/viewer.ts';
import { mentionedPaths } from '../documents.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import type { ItemDraft } from '../render.ts';

/** Leaves out what the caller may not know of, and every reason that would give it away. */
export function toReadable(draft: ItemDraft, access: ReadAccess): ItemDraft[] {
  if (access.seesAll) return [draft];
  const { system, object } = draft.source;
  const isOpen =
    access.mayRead({ system, object }) &&
    (draft.path === undefined || access.mayRead({ system, object: draft.path }));
  if (!isOpen) return [];
  const why = draft.why.filter(({ evidence }) =>
    mentionedPaths(evidence.replace(/[,;"]/g, ' ')).every(access.mayReadPath),
  );
  return [
    { ...draft, why: why.length > 0 ? why : [{ signal: 'text', evidence: 'bears on this' }] },
  ];
}

/** Masks secrets and takes out what cannot be seen. */
export function toSafe(draft: ItemDraft): ItemDraft {
  const safe = (text: string) => maskSecrets(neutralise(text));
  return {
    ...draft,
    title: safe(draft.title),
    ...(draft.path === undefined ? {} : { path: neutralise(draft.path) }),
    text: safe(draft.text),
    why: draft.why.map(({ signal, evidence }) => ({ signal, evidence: safe(evidence) })),
  };
}
