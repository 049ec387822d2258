/**
 * Goal: log lines carry the ids of the work they belong to, hold no secret, and can be read by
 * people where they are asked to.
 * Method: real loggers that write into an array.
 */
import { expect, test } from 'vitest';
import { createLogger, withLogContext } from './log.ts';

function logInto(pretty: boolean) {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', pretty }, { write: (line) => lines.push(line) });
  return { log, lines };
}

test('a line carries the ids of the work around it, also through nested contexts', () => {
  const { log, lines } = logInto(false);

  withLogContext({ runId: 'run_1' }, () =>
    withLogContext({ stepName: 'merge' }, () => log.info({ changeId: 'chg_1' }, 'change merged')),
  );

  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'info',
    msg: 'change merged',
    runId: 'run_1',
    stepName: 'merge',
    changeId: 'chg_1',
  });
});

test.each([false, true])('a secret is not written at any usual depth (pretty: %s)', (pretty) => {
  const { log, lines } = logInto(pretty);

  log.info({ token: 'hunter2', request: { authorization: 'hunter2' } }, 'request answered');

  expect(lines.join('')).not.toContain('hunter2');
  expect(lines.join('')).toContain('request answered');
});

test('a line for people has time, level, sentence and particulars, and the stack of an error', () => {
  const { log, lines } = logInto(true);

  log.warn({ changeId: 'chg_1', err: new Error('it broke') }, 'merge failed');

  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}merge failed changeId=chg_1\nError: it broke\n/,
  );
});
