/** Reads separated output piece by piece. */

/** Cuts a stream of chunks at each NUL. What follows the last NUL, if anything, comes at the end. */
export function splitAtNul(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  return splitAt(chunks, 0);
}

/** The same for any separator of one byte. */
export async function* splitAt(
  chunks: AsyncIterable<Buffer>,
  separator: number,
): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(separator, start);
      if (end === -1) break;
      const piece = chunk.subarray(start, end);
      yield rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** The same for output that is already complete; an empty output has no pieces. */
export function splitBuffer(output: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  for (;;) {
    const end = output.indexOf(0, start);
    if (end === -1) break;
    pieces.push(output.subarray(start, end));
    start = end + 1;
  }
  if (start < output.length) pieces.push(output.subarray(start));
  return pieces;
}
