/** Blobs as text, one after the other, through one git process. */
import type { GitRepository } from '#git';

/** Text of each blob in the order asked, undefined for binary content; equal blobs are read once each. */
export async function* readTexts(
  git: GitRepository,
  shas: readonly string[],
): AsyncGenerator<string | undefined, undefined, undefined> {
  await using blobs = git.readBlobs(shas);
  let current = await blobs.next();
  for (const sha of shas) {
    // A blob that a partial clone lacks is left out of the stream.
    if (current.done === true || current.value.sha !== sha) {
      yield undefined;
      continue;
    }
    const { data } = current.value;
    yield data.subarray(0, 8_000).includes(0)
      ? undefined
      : data.toString('utf8').replaceAll('\0', '');
    current = await blobs.next();
  }
  return undefined;
}
