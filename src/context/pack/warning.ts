/** A warning as an item of a pack. */
import type { ItemDraft } from '../render.ts';

export function warning(values: {
  title: string;
  path: string;
  reason: string;
  score: number;
}): ItemDraft {
  return {
    kind: 'warning',
    title: values.title,
    path: values.path,
    excerpt: '',
    reason: values.reason,
    source: { system: 'git', object: values.path, revision: '' },
    changedAt: null,
    freshness: 'current',
    score: values.score,
    isUntrusted: true,
  };
}
