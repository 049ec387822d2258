/** Whether a path that a text names bears on the paths in question. Pure. */

/** True when the text names one of the paths, or a folder that holds one. */
export function touchesAny(mention: string, paths: readonly string[]): boolean {
  if (mention === '') return false;
  return paths.some(
    (path) => path === mention || (mention.includes('/') && path.startsWith(`${mention}/`)),
  );
}
