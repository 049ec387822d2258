/**
 * What every connector must hold to, as suites that each connector's test calls with its own set-up.
 * For tests only: the door does not export it. A claim belongs here when a caller relies on it
 * whichever system is behind the contract.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#kernel';
import {
  type CodeHost,
  type Delivery,
  type HostChange,
  Signal,
  type SignalSource,
} from './contract.ts';

export interface SignalSourceCase {
  name: string;
  create(options: { webhookSecret: string }): SignalSource;
  /** The delivery with the headers a genuine sender adds. */
  sign(delivery: Delivery, webhookSecret: string): Delivery;
  /** Header that carries the signature, in lower case. */
  signatureHeader: string;
  /** Header that names the event, in lower case. */
  eventHeader: string;
  /** The first push as an event of this name, where a body names it and no header does. */
  withEvent?(event: string | undefined): Delivery;
  /** Unsigned. A push of one change, and a later push of the same change. */
  firstPush: Delivery;
  secondPush: Delivery;
  /** The first push as a sender would repeat it. */
  redelivered: Delivery;
  /** The first push with this title. */
  withTitle(title: string): Delivery;
  /**
   * What becomes of an event nobody knows. A source of closed vocabulary drops it; one whose senders
   * may say anything keeps it as it came, and then an event without a type is unreadable.
   */
  unknownEvents?: 'dropped' | 'kept';
}

const SECRET = 'a secret that is only used in tests';

const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000\u0001\u001b[31m',
  '<script>alert(1)</script>',
  "'; drop table loom.events; --",
  '../../../../etc/passwd',
  '\u202Egnihsup\u202C',
  '\uD800 a lone surrogate',
  '__proto__',
  '${process.env.HOME}',
  '日本語 🧵',
  'a\r\nX-Injected: header',
];

/** The suite every source of signals must pass. */
export function describeSignalSource(subject: SignalSourceCase): void {
  const { create, sign, signatureHeader, eventHeader, firstPush, secondPush } = subject;

  describe(`${subject.name} keeps to the contract of a signal source`, () => {
    const source = create({ webhookSecret: SECRET });

    test('a genuine delivery is accepted', () => {
      expect(() => source.verify(sign(firstPush, SECRET))).not.toThrow();
    });

    test.each(['', ' ', '\n'])(
      'the empty secret %j is refused when the source is made',
      (secret) => {
        expect(errorOf(() => create({ webhookSecret: secret })).kind).toBe('invalid');
      },
    );

    test.each([
      ['none', undefined],
      ['an empty one', ''],
      ['one that is too short', 'sha256=00'],
      ['one of the right length', `sha256=${'0'.repeat(64)}`],
      ['one that is too long', `sha256=${'0'.repeat(6_400)}`],
      ['one that is no text of ours', 'ü'.repeat(71)],
    ])('a delivery is refused with a wrong signature: %s', (_what, signature) => {
      const delivery = withHeader(sign(firstPush, SECRET), signatureHeader, signature);

      expect(errorOf(() => source.verify(delivery)).status).toBe(401);
    });

    test('a delivery signed with another secret is refused', () => {
      expect(errorOf(() => source.verify(sign(firstPush, 'another secret'))).status).toBe(401);
    });

    test('a signature is worth nothing for another body', () => {
      const signed = sign(firstPush, SECRET);
      const body = Buffer.concat([signed.body, Buffer.from(' ')]);

      expect(errorOf(() => source.verify({ ...signed, body })).status).toBe(401);
    });

    test('the refusal shows neither the secret nor the signature that would have fitted', () => {
      const signed = sign(firstPush, SECRET);
      const expected = signed.headers[signatureHeader] ?? '';
      const error = errorOf(() => source.verify(withHeader(signed, signatureHeader, 'wrong')));

      const shown = JSON.stringify([error.message, error.hint, error.details, String(error.cause)]);

      expect(shown).not.toContain(SECRET);
      expect(shown).not.toContain(expected.replace('sha256=', ''));
    });

    test('a repeated delivery has the same id, another push has another', () => {
      const id = source.deliveryId(sign(firstPush, SECRET));

      expect(source.deliveryId(sign(firstPush, SECRET))).toBe(id);
      expect(source.deliveryId(sign(secondPush, SECRET))).not.toBe(id);
    });

    test('a push gives signals that fit the contract and name this source', () => {
      const signals = source.toSignals(sign(firstPush, SECRET));

      expect(signals.length).toBeGreaterThan(0);
      for (const signal of signals) {
        expect(Signal.parse(signal)).toEqual(signal);
        expect(signal.source).toBe(source.name);
      }
    });

    test('the same delivery always gives the same signals and is left as it was', () => {
      const delivery = sign(firstPush, SECRET);
      const before = Buffer.from(delivery.body);

      const signals = source.toSignals(deepFreeze(delivery));

      expect(source.toSignals(delivery)).toEqual(signals);
      expect(create({ webhookSecret: SECRET }).toSignals(delivery)).toEqual(signals);
      expect(Buffer.compare(before, delivery.body)).toBe(0);
    });

    test('redeliveries of a push share their keys, different pushes share none', () => {
      const first = keysOf(source.toSignals(sign(firstPush, SECRET)));
      const second = keysOf(source.toSignals(sign(secondPush, SECRET)));

      expect(keysOf(source.toSignals(sign(subject.redelivered, SECRET)))).toEqual(first);
      expect(first.filter((key) => second.includes(key))).toEqual([]);
      expect(new Set(first).size).toBe(first.length);
    });

    const keepsUnknown = subject.unknownEvents === 'kept';

    test.each(['something-new', 'constructor', '__proto__'])(
      'the unknown event %j is left alone, or kept as it came',
      (event) => {
        const delivery = subject.withEvent?.(event) ?? withHeader(firstPush, eventHeader, event);

        expect(source.toSignals(sign(delivery, SECRET))).toMatchObject(
          keepsUnknown ? [{ type: 'event.received', event: { type: event } }] : [],
        );
      },
    );

    test.each(['', undefined])('the event %j is no event: it gives no signal', (event) => {
      const delivery = subject.withEvent?.(event) ?? withHeader(firstPush, eventHeader, event);
      const signalsOrKind = () => {
        try {
          return source.toSignals(delivery);
        } catch (error) {
          return error instanceof AppError ? error.kind : error;
        }
      };

      expect(signalsOrKind()).toEqual(keepsUnknown ? 'invalid' : []);
    });

    test.each([
      ['nothing', ''],
      ['half an object', '{"a":'],
      ['no object', '[]'],
      ['null', 'null'],
      ['an object without what we need', '{}'],
      ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
      ['deep nesting', '['.repeat(200_000)],
      ['five megabytes of nothing', Buffer.alloc(5_000_000, 0x20)],
    ])('a body of %s is refused as invalid with a stable code', (_what, body) => {
      const error = errorOf(() => source.toSignals({ ...firstPush, body: Buffer.from(body) }));

      expect(error.kind).toBe('invalid');
      expect(error.code).toMatch(/^[a-z]+\.unreadable_delivery$/);
    });

    test.each(HOSTILE_TEXTS)('the title %j passes through as text', (title) => {
      const signals = source.toSignals(subject.withTitle(title));

      for (const signal of signals) {
        expect(Signal.safeParse(signal).success).toBe(true);
        expect(signal.dedupeKey.length).toBeLessThanOrEqual(500);
      }
    });

    test('a title of a megabyte still gives signals with short keys', () => {
      const signals = source.toSignals(subject.withTitle('x'.repeat(1_000_000)));

      expect(Math.max(...keysOf(signals).map((key) => key.length))).toBeLessThanOrEqual(500);
    });
  });
}

/** One change on a host, as a test sees it. */
export interface CodeHostFixture extends AsyncDisposable {
  host: CodeHost;
  /** Opens a change that merges cleanly. */
  openChange(): Promise<HostChange>;
  /** Opens a change that conflicts with its base. */
  openConflictingChange(): Promise<HostChange>;
  /** Pushes one more commit and gives the new head. */
  moveHead(change: HostChange): Promise<string>;
  /** How many merge commits the base has. */
  countMerges(): Promise<number>;
  /** Texts of our comments on the change. */
  comments(change: HostChange): Promise<string[]>;
  /** Titles of our verdicts on the head of the change. */
  verdicts(change: HostChange): Promise<string[]>;
  reviewers(change: HostChange): Promise<string[]>;
  /** Two logins the host knows. */
  logins: [string, string];
}

/** The suite every code host must pass. */
export function describeCodeHost(name: string, setUp: () => Promise<CodeHostFixture>): void {
  describe(`${name} keeps to the contract of a code host`, () => {
    let fixture: CodeHostFixture;
    beforeAll(async () => {
      fixture = await setUp();
    });
    afterAll(async () => {
      await fixture[Symbol.asyncDispose]();
    });

    function mergeRequest(change: HostChange, expectedHeadSha = change.headSha) {
      const message = 'Merge the change\n\nBecause its verdict says so.';
      return { change, message, expectedHeadSha, idempotencyKey: `merge:${change.branch}` };
    }

    test('a change merges at the expected head, and a second call gives the same answer', async () => {
      const change = await fixture.openChange();
      const before = await fixture.countMerges();

      const first = await fixture.host.merge(mergeRequest(change));
      const second = await fixture.host.merge(mergeRequest(change));

      expect(first).toEqual({
        outcome: 'merged',
        mergeSha: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      });
      expect(second).toEqual(first);
      expect(await fixture.countMerges()).toBe(before + 1);
    });

    test('a change whose head moved is not merged, and the new head is named', async () => {
      const change = await fixture.openChange();
      const before = await fixture.countMerges();
      const moved = await fixture.moveHead(change);

      const result = await fixture.host.merge(mergeRequest(change));

      expect(result).toEqual({ outcome: 'head-moved', headSha: moved });
      expect(await fixture.countMerges()).toBe(before);
    });

    test('a change that conflicts with its base is not merged', async () => {
      const change = await fixture.openConflictingChange();
      const before = await fixture.countMerges();

      const result = await fixture.host.merge(mergeRequest(change));

      expect(result.outcome).toBe('conflict');
      expect(await fixture.countMerges()).toBe(before);
    });

    test('the comment is one and is updated in place', async () => {
      const change = await fixture.openChange();

      const first = await fixture.host.upsertComment(change, 'The run has begun.');
      const second = await fixture.host.upsertComment(change, 'The run has ended.');

      expect(second.externalId).toBe(first.externalId);
      const comments = await fixture.comments(change);
      expect(comments).toHaveLength(1);
      expect(comments[0]).toContain('The run has ended.');
    });

    test('a verdict published again replaces the one before', async () => {
      const change = await fixture.openChange();
      const report = { change, summary: 'Rule 3.', detailsUrl: 'https://loom.example/changes/1' };

      const first = await fixture.host.publishVerdict({
        ...report,
        lane: 'one-reviewer',
        conclusion: 'action-required',
        title: 'Needs one reviewer',
      });
      const second = await fixture.host.publishVerdict({
        ...report,
        lane: 'ship',
        conclusion: 'success',
        title: 'Ships',
      });

      expect(second.externalId).toBe(first.externalId);
      expect(await fixture.verdicts(change)).toEqual(['Ships']);
    });

    test('reviewers asked twice are asked once', async () => {
      const change = await fixture.openChange();

      await fixture.host.requestReviewers(change, [fixture.logins[0]]);
      await fixture.host.requestReviewers(change, [...fixture.logins]);
      await fixture.host.requestReviewers(change, []);

      expect((await fixture.reviewers(change)).sort()).toEqual([...fixture.logins].sort());
    });

    test('an unknown repository is named as such', async () => {
      const change = { ...(await fixture.openChange()), repository: 'nobody/nothing' };

      const failure = await fixture.host
        .upsertComment(change, 'Hello')
        .catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(AppError);
      expect((failure as AppError).kind).toBe('not_found');
    });
  });
}

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal, but there was none');
}

function withHeader(delivery: Delivery, name: string, value: string | undefined): Delivery {
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}

function keysOf(signals: Signal[]): string[] {
  return signals.map((signal) => signal.dedupeKey).sort();
}

function deepFreeze(delivery: Delivery): Delivery {
  Object.freeze(delivery.headers);
  return Object.freeze(delivery);
}
