/** What the operating system says about a process: alive, a zombie, and which command. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface ProcessInfo {
  /** `Z` is a zombie: ended, but not collected by its parent. */
  state: string;
  command: string;
  /** Differs between two processes that got the same number one after the other. */
  startedAt: string;
}

/** Looks a process up; undefined when there is none. A zombie is reported with state `Z`. */
export function findProcess(pid: number): ProcessInfo | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid);
}

/** True when the process exists and still runs. A zombie does not run. */
export function isRunning(pid: number): boolean {
  const info = findProcess(pid);
  return info !== undefined && info.state !== 'Z';
}

function fromProc(pid: number): ProcessInfo | undefined {
  try {
    // The name in brackets may itself hold blanks and brackets, so fields count from the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { state: stat[0] ?? '', command, startedAt: stat[19] ?? '' };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessInfo | undefined {
  const fields = ['-o', 'stat=', '-o', 'lstart=', '-o', 'command=', '-p', String(pid)];
  const { stdout, status } = spawnSync('ps', fields, { encoding: 'utf8' });
  const match = /^(\S+)\s+(\S+ \S+ +\S+ \S+ \S+)\s+(.*)$/m.exec(stdout ?? '');
  if (status !== 0 || match === null) return undefined;
  return { state: match[1]![0]!, startedAt: match[2]!, command: match[3]! };
}
