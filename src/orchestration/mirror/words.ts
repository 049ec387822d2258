/** What the system of a work item is told of it: its state in our words, and one comment. Pure. */
import type { WorkItemState } from '#connectors/contract';

export interface MirroredItem {
  state: 'open' | 'in-progress' | 'done' | 'cancelled';
  agent: string | null;
  changes: readonly MirroredChange[];
}

export interface MirroredChange {
  id: string;
  title: string;
  repository: string;
  number: number | null;
  state: 'open' | 'merged' | 'closed';
  lane: string | null;
}

const MAX_CHANGES = 10;

export function stateFor({ state, changes }: MirroredItem): WorkItemState {
  switch (state) {
    case 'open':
      return 'open';
    case 'in-progress':
      return changes.some((change) => change.state === 'open') ? 'in-review' : 'in-progress';
    case 'done':
      return 'done';
    case 'cancelled':
      return 'dropped';
  }
}

const TITLES: Record<WorkItemState, string> = {
  open: 'Open: no agent works on it.',
  'in-progress': 'In progress',
  'in-review': 'In review',
  done: 'Done',
  dropped: 'Dropped',
};

/** Markdown. Titles are of others, so they stand as code, where nothing is a mention or a link. */
export function commentFor(item: MirroredItem, changeUrl: (id: string) => string): string {
  const state = stateFor(item);
  const by = item.agent === null || state === 'open' ? '' : ` by ${code(item.agent)}`;
  const lines = item.changes.slice(-MAX_CHANGES).map((change) => {
    const name =
      change.number === null ? change.repository : `${change.repository}#${change.number}`;
    const lane = change.lane === null || change.state !== 'open' ? '' : `, ${change.lane}`;
    return `- [${name}](${changeUrl(change.id)}) ${code(change.title)}: ${change.state}${lane}`;
  });
  return [`${TITLES[state]}${by}`, ...(lines.length === 0 ? [] : ['', ...lines])].join('\n');
}

function code(text: string): string {
  return `\`${text
    .replaceAll(/[`\s]+/g, ' ')
    .trim()
    .slice(0, 200)}\``;
}
