/** How urgent an item is, from what its labels say. Pure. */

/** 0 whenever there is time, 1 low, 2 normal, 3 high, 4 drop everything. */
export const NORMAL = 2;

const WORDS: readonly (readonly [RegExp, number])[] = [
  [/^(critical|urgent|blocker|highest|immediate|emergency|outage|incident|sev-?[01]|p-?0)$/, 4],
  [/^(high|important|major|severe|sev-?2|p-?1)$/, 3],
  [/^(normal|medium|default|moderate|sev-?3|p-?2)$/, 2],
  [/^(low|minor|sev-?4|p-?3)$/, 1],
  [/^(lowest|trivial|someday|backlog|nice-to-have|p-?[4-9])$/, 0],
];
const PREFIX = /^(?:prio|priority|severity|importance|urgency)[\s:/=_-]+/;
/** Of words that also say other things, only what stands behind such a prefix counts. */
const AMBIGUOUS =
  /^(high|low|normal|medium|default|major|minor|important|moderate|highest|lowest)$/;

/** The most urgent of what the labels say: `P1`, `priority: high`, `sev2`. Without a word of it, normal. */
export function priorityOf(labels: readonly string[]): number {
  const said = labels.flatMap((label) => {
    const text = label.trim().toLowerCase();
    const word = text.replace(PREFIX, '').trim().replaceAll(/\s+/g, '-');
    if (word === text && AMBIGUOUS.test(word)) return [];
    const found = WORDS.find(([pattern]) => pattern.test(word));
    return found === undefined ? [] : [found[1]];
  });
  return said.length === 0 ? NORMAL : Math.max(...said);
}
