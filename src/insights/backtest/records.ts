/**
 * Records of landed changes as the backtests exchange them: JSON lines, one change each, with short
 * names because there are many. Who wrote or reviewed a change is read where reviewers are judged and
 * nowhere else.
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '#kernel';
import type { ContentCounts, FileKind, RiskChange } from '#policy';

const count = z.number().nonnegative();
const KINDS = {
  s: 'source',
  t: 'test',
  d: 'docs',
  g: 'generated',
  o: 'other',
} as const satisfies Record<string, FileKind>;

const Content = z.tuple([
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  count,
]);

export const ChangeRecord = z.object({
  i: z.int().nonnegative(),
  t: z.number(),
  s: z.string(),
  f: z.array(z.tuple([z.string(), count, count, z.enum(['s', 't', 'd', 'g', 'o'])])),
  nf: count,
  /** hunks, code lines added, control-flow lines added, trivial, whitespace-only, files, length before */
  x: z.tuple([count, count, count, count, count, count, count]),
  /** code lines deleted, share by the same author (not read), share younger than 14 d, mean age in days */
  dl: z.tuple([count, z.number(), z.number(), z.number()]).rest(z.number()).optional(),
  /** What the lines added say, as `contentOf` names it; absent where the patch was not kept. */
  c: Content.optional(),
});
export type ChangeRecord = z.infer<typeof ChangeRecord>;

export function toRiskChange(record: ChangeRecord, isCode: boolean): RiskChange {
  const [hunks, addedLines, addedControlLines, , whitespaceLines, files, linesBefore] = record.x;
  const { dl, c } = record;
  return {
    index: record.i,
    landedAt: record.t,
    subject: record.s,
    files: record.f.map(([path, added, deleted, kind]) => ({
      path,
      addedLines: added,
      deletedLines: deleted,
      kind: KINDS[kind],
    })),
    fileCount: record.nf,
    code: { hunks, addedLines, addedControlLines, whitespaceLines, files, linesBefore },
    content: c === undefined ? null : contentOf(c),
    deleted: dl === undefined ? null : { lines: dl[0], youngShare: dl[2], meanAgeDays: dl[3] },
    isCode,
  };
}

function contentOf(counts: z.infer<typeof Content>): ContentCounts {
  const [codeLines, commentLines, importLines, deepest, characters, numbers, ...rest] = counts;
  const [texts, absences, calls, arithmetic, movedLines, names] = rest;
  return {
    codeLines,
    commentLines,
    importLines,
    deepest,
    characters,
    numbers,
    texts,
    absences,
    calls,
    arithmetic,
    movedLines,
    names,
  };
}

const unzip = promisify(gunzip);

/** Every line of a gzip file of JSON lines. @throws AppError `backtest.unreadable`. */
export async function readRecords<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
): Promise<z.infer<Shape>[]> {
  let line = 0;
  try {
    const text = (await unzip(await readFile(path))).toString('utf8');
    return text
      .split('\n')
      .filter((each) => each !== '')
      .map((each) => {
        line += 1;
        return shape.parse(JSON.parse(each));
      });
  } catch (cause) {
    const place = line === 0 ? '' : ` at line ${line}`;
    throw new AppError('invalid', 'backtest.unreadable', {
      message: `The records in ${path} cannot be read${place}.`,
      hint: 'Give a gzip file of JSON lines, one landed change each.',
      cause,
    });
  }
}
