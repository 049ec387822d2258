/** A warning as an item of a pack. */
import type { ItemDraft } from '../render.ts';

export function warning(values: {
  title: string;
  path: string;
  signal: 'moved' | 'deleted' | 'replaced';
  reason: string;
  score: number;
}): ItemDraft {
  return {
    kind: 'warning',
    title: values.title,
    path: values.path,
    text: '',
    why: [{ signal: values.signal, evidence: values.reason }],
    source: { system: 'git', object: values.path, revision: '' },
    observedAt: null,
    freshness: 'current',
    score: values.score,
    isUntrusted: true,
  };
}
