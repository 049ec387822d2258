/** Where a real agent is installed on this machine, if it is. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The program by its own variable (`LOOM_TEST_CLAUDE`), in `LOOM_AGENTS_DIR` as npm installs it there,
 * or on the PATH; undefined when it is nowhere.
 */
export function findAgent(name: string, variable: string): string | undefined {
  const { env } = process;
  const folder = env['LOOM_AGENTS_DIR'];
  const places = [
    env[variable],
    folder === undefined ? undefined : join(folder, 'node_modules/.bin', name),
    ...(env['PATH'] ?? '').split(delimiter).map((path) => join(path, name)),
  ];
  return places.find((path) => path !== undefined && path !== '' && isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
