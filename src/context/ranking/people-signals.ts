/** Whom to ask about these paths: the signals. Candidates are person numbers. */
import { folderOf } from './change-history.ts';
import { type CandidateTable, tabulate } from './features.ts';
import { logDays } from './file-signals.ts';
import { decay } from './scores.ts';
import type { Snapshot } from './snapshot.ts';

const DAY = 86_400;
const CANDIDATES_PER_SIGNAL = 40;

export function tabulatePeople(
  snapshot: Snapshot,
  paths: readonly string[],
  author: string | undefined,
  now: number,
): CandidateTable {
  const { history } = snapshot;
  const { people } = history;
  const size = people.size;
  const without = author === undefined ? undefined : people.search(author);
  const personAt = (position: number) => {
    const number = history.authors[position]!;
    return number < 0 ? -1 : people.find(number);
  };
  const make = () => new Float64Array(size);
  const counts = make();
  const year = make();
  const half = make();
  const quarter = make();
  const lastOnPath = make();
  const covered = make();
  const files = paths.flatMap((path) => history.numberOf(path) ?? []);
  for (const file of files) {
    const seen = new Set<number>();
    for (const position of history.touches[file]!) {
      const person = personAt(position);
      if (person < 0) continue;
      const age = now - history.times[position]!;
      // A sweeping change makes nobody an expert of each file.
      const weight = 1 / Math.sqrt(1 + history.filesOf[position]!.length / 20);
      counts[person]! += 1;
      year[person]! += weight * decay(age, 365);
      half[person]! += weight * decay(age, 180);
      quarter[person]! += weight * decay(age, 60);
      lastOnPath[person] = Math.max(lastOnPath[person]!, history.times[position]!);
      if (!seen.has(person)) covered[person]! += 1 / paths.length;
      seen.add(person);
    }
  }
  const folder = make();
  const parent = make();
  const area = make();
  const addFolder = (name: string, scores: Float64Array, halfLife: number, limit: number) => {
    for (const position of (history.folderTouches.get(name) ?? []).slice(-limit)) {
      const person = personAt(position);
      if (person >= 0) scores[person]! += decay(now - history.times[position]!, halfLife);
    }
  };
  const folders = new Set(paths.map(folderOf));
  for (const name of folders) addFolder(name, folder, 120, 150);
  for (const name of new Set([...folders].map(folderOf))) addFolder(name, parent, 120, 150);
  const tops = new Set(paths.map((path) => path.split('/').slice(0, 2).join('/')));
  for (const [name] of history.folderTouches) {
    if ([...tops].some((top) => name === top || name.startsWith(`${top}/`)))
      addFolder(name, area, 120, 60);
  }
  const active = make();
  const month = make();
  const longActive = make();
  for (let position = history.size - 1; position >= 0; position -= 1) {
    const age = now - history.times[position]!;
    if (age > 365 * DAY) break;
    const person = personAt(position);
    if (person < 0) continue;
    longActive[person]! += 1;
    if (age < 120 * DAY) active[person]! += 1;
    if (age < 30 * DAY) month[person]! += 1;
  }
  const neighbours = make();
  const together = new Map<number, number>();
  for (const file of files) {
    for (const position of history.touches[file]!.slice(-40)) {
      const group = history.filesOf[position]!;
      if (group.length > 20) continue;
      for (const other of group) together.set(other, (together.get(other) ?? 0) + 1 / group.length);
    }
  }
  for (const [other, weight] of [...together]
    .toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, 30)) {
    for (const position of history.touches[other]!.slice(-30)) {
      const person = personAt(position);
      if (person >= 0) neighbours[person]! += weight * decay(now - history.times[position]!, 180);
    }
  }
  return tabulate(
    [
      { name: 'count', scores: counts },
      { name: 'year', scores: year },
      { name: 'half', scores: half },
      { name: 'quarter', scores: quarter },
      { name: 'covered', scores: covered },
      { name: 'folder', scores: folder },
      { name: 'parent', scores: parent },
      { name: 'area', scores: area },
      { name: 'neighbours', scores: neighbours },
      { name: 'active', scores: active },
      { name: 'month', scores: month },
      { name: 'longActive', scores: longActive },
    ],
    {
      perSignal: CANDIDATES_PER_SIGNAL,
      accepts: (person) => person !== without && people.find(person) === person,
      statics: {
        columns: ['sinceAnything', 'sincePath', 'changes', 'activeChanges', 'paths#', 'touches'],
        fill(person, row, at) {
          row[at] = logDays(now - people.lastAt(person));
          row[at + 1] = lastOnPath[person] === 0 ? 20 : logDays(now - lastOnPath[person]!);
          row[at + 2] = Math.log2(1 + counts[person]!);
          row[at + 3] = Math.log2(1 + active[person]!);
          row[at + 4] = paths.length;
          row[at + 5] = Math.log2(
            1 + files.reduce((sum, it) => sum + history.touches[it]!.length, 0),
          );
        },
      },
    },
  );
}
