/** Goal: one event has one effect, however often it fires, and a denial holds each time. */
import { expect, test } from 'vitest';
import type { HookAnswer } from './dialect.ts';
import { createTwinGuard } from './twin-guard.ts';

function guard() {
  let time = 0;
  let effects = 0;
  const twins = createTwinGuard({ now: () => new Date(time) });
  const fire = (firing: string | undefined, answer: HookAnswer | Error) =>
    twins.once(firing, async () => {
      effects += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { fire, effects: () => effects, pass: (ms: number) => (time += ms) };
}

const context: HookAnswer = { kind: 'context', text: 'x' };
const denied: HookAnswer = { kind: 'denied', reason: 'held' };

test('a second firing within moments has no effect and hears nothing', async () => {
  const { fire, effects, pass } = guard();

  const [first, second] = await Promise.all([fire('a', context), fire('a', context)]);
  pass(60_000);
  const later = await fire('a', context);

  expect([first, second, later]).toEqual([context, { kind: 'nothing' }, context]);
  expect(effects()).toBe(2);
});

test('a denial is repeated', async () => {
  const { fire, effects } = guard();

  expect([await fire('a', denied), await fire('a', denied)]).toEqual([denied, denied]);
  expect(effects()).toBe(1);
});

test('what cannot be told apart, and what failed, is answered again', async () => {
  const { fire, effects } = guard();

  await fire(undefined, context);
  await fire(undefined, context);
  await expect(fire('a', new Error('down'))).rejects.toThrow('down');

  expect(await fire('a', context)).toEqual(context);
  expect(effects()).toBe(4);
});
