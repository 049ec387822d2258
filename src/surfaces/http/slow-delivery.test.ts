/**
 * Goal: a sender that trickles a body, before anybody knows who it is, does not hold a socket for ever.
 * Method: a stream that never ends.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readBody } from './webhooks.ts';

test('a body that does not end in time is given up, and its socket with it', async () => {
  const slow = new PassThrough();
  slow.write('{');

  await expect(readBody(slow, 1)).rejects.toThrow('in time');
  expect(slow.destroyed).toBe(true);
});

test('a body that is there in time is read whole', async () => {
  const body = new PassThrough();
  body.write('{');
  body.end('}');

  expect((await readBody(body)).toString()).toBe('{}');
});
