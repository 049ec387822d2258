/** What a folder takes of the disk, links counted once. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIME_MS = 20_000;

/** In bytes; null where it could not be measured in time. */
export async function diskUse(folder: string): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)('du', ['-sk', folder], { timeout: TIME_MS });
    const kilobytes = Number(stdout.split(/\s/)[0]);
    return Number.isFinite(kilobytes) ? kilobytes * 1_024 : null;
  } catch {
    return null;
  }
}
