/** Processor time: on a machine that others use too it says more than the clock on the wall. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Seconds this process and a PostgreSQL server with all its back ends have used so far. */
export function processorSeconds(serverPid: number): { node: number; database: number } {
  const { user, system } = process.cpuUsage();
  return { node: (user + system) / 1_000_000, database: serverSeconds(serverPid) };
}

/** NaN where there is no /proc to read. */
function serverSeconds(serverPid: number): number {
  let ticks = 0;
  let isSeen = false;
  for (const name of folders('/proc')) {
    const fields = statOf(name);
    if (fields === undefined) continue;
    const [, parent] = fields;
    const isServer = Number(name) === serverPid;
    if (!isServer && Number(parent) !== serverPid) continue;
    isSeen = true;
    // utime and stime; the server also knows the times of its children that have ended.
    const times = isServer ? fields.slice(11, 15) : fields.slice(11, 13);
    for (const time of times) ticks += Number(time);
  }
  return isSeen ? ticks / TICKS_PER_SECOND : Number.NaN;
}

/** Seconds a process and all it started have used so far, as far as they live or were collected. */
export function treeSeconds(root: number): number {
  const fields = new Map(
    folders('/proc').flatMap((name) => {
      const stat = statOf(name);
      return stat === undefined ? [] : [[Number(name), stat] as const];
    }),
  );
  if (!fields.has(root)) return Number.NaN;
  const tree = new Set([root]);
  for (let before = 0; before < tree.size;) {
    before = tree.size;
    for (const [pid, stat] of fields) if (tree.has(Number(stat[1]))) tree.add(pid);
  }
  let ticks = 0;
  for (const pid of tree) {
    for (const time of fields.get(pid)!.slice(11, 15)) ticks += Number(time);
  }
  return ticks / TICKS_PER_SECOND;
}

function folders(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The fields after the program's name, which may hold spaces; undefined when it has just ended. */
function statOf(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
