/**
 * Goal: the replay judges by the past alone, the same way every time, and without looking at people.
 * Method: a made-up repository where large changes of one folder turn out defective, told event by event.
 */
import { expect, test } from 'vitest';
import { replayRisk } from './risk.ts';

const DAY = 86_400;

interface Told {
  lines: string[];
  asked: number[];
}

/** Changes land daily; every third is large and defective, found after five days. */
function history(options: {
  days: number;
  askFrom: number;
  person: (index: number) => string;
}): Told {
  const lines = [JSON.stringify({ e: 'repo', repo: 'acme/shop' })];
  const asked: number[] = [];
  for (let i = 0; i < options.days; i += 1) {
    const at = 1_600_000_000 + i * DAY;
    if (i >= 5 && (i - 5) % 3 === 0)
      lines.push(JSON.stringify({ e: 'bug', i: i - 5, by: i - 1, at, kind: 'fix' }));
    const isLarge = i % 3 === 0;
    const added = isLarge ? 120 + (i % 40) : 2 + (i % 5);
    const ask = i >= options.askFrom;
    if (ask) asked.push(i);
    lines.push(
      JSON.stringify({
        e: 'change',
        ask,
        code: true,
        i,
        id: `c${i}`,
        t: at + 60,
        u: options.person(i),
        bot: 0,
        s: isLarge ? 'Add a way to pay' : 'Tidy a name',
        f: [[`src/${isLarge ? 'pay' : 'shop'}/file${i % 7}.ts`, added, 1, 's']],
        nf: 1,
        la: added,
        ld: 1,
        x: [isLarge ? 6 : 1, added, isLarge ? 20 : 0, 1, 0, 1, 200],
        dl: [1, i % 2, 0, 30, 1],
      }),
    );
  }
  lines.push(JSON.stringify({ e: 'end' }));
  return { lines, asked };
}

async function answersTo(lines: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  // oxlint-disable-next-line require-await -- an async source of lines, as a pipe is
  async function* source(): AsyncGenerator<string> {
    yield* lines;
  }
  await replayRisk(source(), (line) => answers.push(line));
  return answers;
}

const parse = (line: string) => JSON.parse(line) as { i: number; p: number; minX: number };

test('every question gets one answer, and large changes of the bad folder are told apart', async () => {
  const { lines, asked } = history({ days: 700, askFrom: 500, person: () => 'u1' });

  const answers = (await answersTo(lines)).map(parse);

  expect(answers.map(({ i }) => i)).toEqual(asked);
  const large = answers.filter(({ i }) => i % 3 === 0).map(({ p }) => p);
  const small = answers.filter(({ i }) => i % 3 !== 0).map(({ p }) => p);
  expect(Math.min(...large)).toBeGreaterThan(Math.max(...small));
});

test('what ships alone under a small bound ships under every larger one, and something ships', async () => {
  const { lines } = history({ days: 700, askFrom: 500, person: () => 'u1' });

  const answers = (await answersTo(lines)).map(parse);

  const shipped = answers.filter(({ minX }) => minX <= 10);
  expect(shipped.length).toBeGreaterThan(answers.length / 3);
  expect(shipped.every(({ i }) => i % 3 !== 0)).toBe(true);
  const byRisk = answers.toSorted((a, b) => a.p - b.p).slice(0, 20);
  expect(byRisk.every(({ minX }) => minX < 100)).toBe(true);
});

test('who wrote a change moves no answer', async () => {
  const one = history({ days: 400, askFrom: 300, person: () => 'u1' });
  const many = history({ days: 400, askFrom: 300, person: (i) => `u${(i * 7) % 31}` });

  expect(await answersTo(many.lines)).toEqual(await answersTo(one.lines));
});

test('the same events give the same bytes', async () => {
  const { lines } = history({ days: 400, askFrom: 300, person: () => 'u1' });

  expect(await answersTo(lines)).toEqual(await answersTo(lines));
});

test('what comes later changes no earlier answer', async () => {
  const short = history({ days: 400, askFrom: 300, person: () => 'u1' });
  const long = history({ days: 450, askFrom: 300, person: () => 'u1' });

  const answers = await answersTo(long.lines);

  expect(answers.slice(0, 100)).toEqual(await answersTo(short.lines));
});

test('a line that is no event is refused with its number', async () => {
  await expect(answersTo(['{"e":"repo","repo":"a"}', '{"e":"chnage"}'])).rejects.toThrow(
    expect.objectContaining({ code: 'backtest.bad_event', message: expect.stringContaining('2') }),
  );
});
