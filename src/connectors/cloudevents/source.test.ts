/**
 * Goal: whatever sends CloudEvents is understood in all three modes, judged as strictly as GitHub, and
 * counted once by source and id.
 * Method: the suite all sources share, in binary mode; examples of the standards in the other modes.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Delivery, Signal } from '#connectors/contract';
import { testClock } from '#testing';
import { describeSignalSource } from '../contract/conformance.ts';
import { keyOfSecret, signDelivery } from '#connectors/contract';
import { createCloudEventsSource } from './source.ts';

const clock = testClock();
const NOW = String(clock.now().getTime() / 1_000);
const SHA = 'a'.repeat(40);

function sign({ headers, body }: Delivery, secret: string, timestamp = NOW): Delivery {
  const id = headers['webhook-id'] ?? '';
  const signature = signDelivery(keyOfSecret(secret), { id, timestamp, body });
  return {
    headers: { ...headers, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
    body,
  };
}

function cdevent(type: string, content: object, customData?: object, subject = 'shop') {
  return {
    context: { version: '0.4.1', id: 'c1', source: '/deployer', type, timestamp: NOW },
    subject: { id: subject, type: 'service', content },
    ...(customData === undefined ? {} : { customData }),
  };
}

const DEPLOYED = 'dev.cdevents.service.deployed.0.2.0';
const deployed = cdevent(DEPLOYED, {
  environment: { id: 'production' },
  artifactId: `pkg:oci/shop@sha256%3Aabc?vcs_url=git%2Bhttps%3A%2F%2Fgithub.com%2Facme%2Fshop%40${SHA}`,
});

function binary(id: string, type: string, data: unknown, headers = {}): Delivery {
  return {
    headers: {
      'webhook-id': `msg_${id}`,
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/deployer',
      'ce-type': type,
      'ce-time': '2026-01-05T08:59:00Z',
      ...headers,
    },
    body: Buffer.from(JSON.stringify(data)),
  };
}

const DETECTED = 'dev.cdevents.incident.detected.0.2.0';

describeSignalSource({
  name: 'CloudEvents',
  create: ({ webhookSecret }) => createCloudEventsSource({ webhookSecret, clock }),
  sign,
  signatureHeader: 'webhook-signature',
  eventHeader: 'ce-type',
  firstPush: binary('1', DEPLOYED, deployed),
  secondPush: binary('2', DEPLOYED, deployed),
  redelivered: binary('1', DEPLOYED, deployed, { 'webhook-timestamp': '1' }),
  withTitle: (title) => binary('3', DETECTED, cdevent(DETECTED, { description: title })),
  unknownEvents: 'kept',
});

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const source = createCloudEventsSource({ webhookSecret: SECRET, clock });
const event = (fields: object = {}) => ({
  specversion: '1.0',
  id: 'e1',
  source: '/till/4',
  type: 'com.acme.sale',
  ...fields,
});
const structured = (body: unknown): Delivery => ({
  headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  body: Buffer.from(JSON.stringify(body)),
});
const batch = (events: unknown): Delivery => ({
  headers: { 'content-type': 'application/cloudevents-batch+json' },
  body: Buffer.from(JSON.stringify(events)),
});

function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return 'did not fail';
}

describe('a signature', () => {
  test('is the one the standard gives as its example', () => {
    const signature = signDelivery(keyOfSecret(SECRET), {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: '1614265330',
      body: Buffer.from('{"test": 2432232314}'),
    });

    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('counts when it is one of several, as while a secret is changed', () => {
    const signed = sign(binary('1', DEPLOYED, deployed), SECRET);
    const several = `v1,${'A'.repeat(44)} v2,x ${signed.headers['webhook-signature']}`;

    const headers = { ...signed.headers, 'webhook-signature': several };
    expect(() => source.verify({ ...signed, headers })).not.toThrow();
  });

  test.each([-301, 301])('%i seconds from now is refused, though it is genuine', (seconds) => {
    const delivery = sign(binary('1', DEPLOYED, deployed), SECRET, String(Number(NOW) + seconds));

    expect(failureOf(() => source.verify(delivery))).toMatchObject({
      code: 'cloudevents.stale_delivery',
      status: 401,
    });
  });

  test('covers the id and the time, so that neither can be changed to send it again', () => {
    const signed = sign(binary('1', DEPLOYED, deployed), SECRET);

    for (const name of ['webhook-id', 'webhook-timestamp']) {
      const headers = { ...signed.headers, [name]: String(Number(NOW) + 1) };
      expect(failureOf(() => source.verify({ ...signed, headers }))).toMatchObject({ status: 401 });
    }
  });

  test('is worth nothing where no secret is set', () => {
    const open = createCloudEventsSource({ clock });

    expect(failureOf(() => open.verify(sign(binary('1', DEPLOYED, deployed), '')))).toMatchObject({
      status: 401,
    });
  });
});

describe('events', () => {
  test('mean the same in binary, structured and batched mode', () => {
    const fields = { source: '/deployer', type: DEPLOYED, time: '2026-01-05T08:59:00Z' };
    const whole = event({ id: '1', ...fields, data: deployed });

    const [inHeaders] = source.toSignals(binary('1', DEPLOYED, deployed));
    const [inBody] = source.toSignals(structured(whole));
    const [inBatch] = source.toSignals(batch([whole]));

    expect(inBody).toEqual(inHeaders);
    expect(inBatch).toEqual(inHeaders);
    expect(inHeaders).toMatchObject({
      type: 'deployment.reported',
      repository: 'acme/shop',
      environment: 'production',
      sha: SHA,
      status: 'succeeded',
      occurredAt: new Date('2026-01-05T08:59:00Z'),
    });
  });

  test('of a batch become one signal each, in order; an empty batch none', () => {
    const events = Array.from({ length: 50 }, (_, index) => event({ id: `e${index}` }));

    const signals = source.toSignals(batch(events));

    expect(signals.map((signal) => signal.type === 'event.received' && signal.event.id)).toEqual(
      events.map(({ id }) => id),
    );
    expect(new Set(signals.map(({ dedupeKey }) => dedupeKey)).size).toBe(50);
    expect(source.toSignals(batch([]))).toEqual([]);
  });

  test('are told apart by source and id together and by nothing else', () => {
    const name = fc.string({ minLength: 1, maxLength: 40 });
    const named = fc.record({ source: name, id: name });
    const keyOf = (fields: object) => source.toSignals(structured(event(fields)))[0]!.dedupeKey;

    fc.assert(
      fc.property(named, named, (one, other) => {
        const isSame = one.source === other.source && one.id === other.id;

        expect(keyOf({ ...one, data: 1 }) === keyOf({ ...other, type: 'other' })).toBe(isSame);
      }),
    );
  });

  test('we have no word for keep all they came with', () => {
    const whole = event({
      subject: 'till',
      time: '2026-01-05T08:59:00.5+01:00',
      datacontenttype: 'application/json',
      dataschema: 'https://acme.example/sale.json',
      traceparent: '00-ab-cd-01',
      data: { amount: 12, items: ['tea', null] },
    });

    const [signal] = source.toSignals(structured(whole));

    expect(Signal.parse(signal)).toMatchObject({
      type: 'event.received',
      event: {
        id: 'e1',
        source: '/till/4',
        type: 'com.acme.sale',
        subject: 'till',
        time: '2026-01-05T08:59:00.5+01:00',
        dataContentType: 'application/json',
        dataSchema: 'https://acme.example/sale.json',
        extensions: { traceparent: '00-ab-cd-01' },
        data: { amount: 12, items: ['tea', null] },
      },
    });
  });

  test('in headers may hold percent-encoded text and bytes that are no JSON', () => {
    const delivery = binary('1', 'com.acme.scan', null, {
      'ce-subject': 'Caf%C3%A9',
      'content-type': 'image/png',
    });

    const [signal] = source.toSignals({ ...delivery, body: Buffer.from([0x89, 0x50]) });

    expect(signal).toMatchObject({
      event: { subject: 'Café', dataBase64: 'iVA=', dataContentType: 'image/png' },
    });
  });

  test.each<[string, Delivery]>([
    ['another version', structured(event({ specversion: '0.3' }))],
    ['no id', structured(event({ id: '' }))],
    ['no source', structured(event({ source: undefined }))],
    ['a time that is none', structured(event({ time: 'yesterday' }))],
    ['a batch that is no list', batch(event())],
    ['one bad event in a batch', batch([event(), event({ type: 1 })])],
    ['more events than a batch may hold', batch(Array.from({ length: 1_001 }, () => event()))],
    [
      'nesting without end',
      structured(event({ data: JSON.parse('['.repeat(99) + ']'.repeat(99)) })),
    ],
    [
      'another format than JSON',
      { headers: { 'content-type': 'application/cloudevents+avro' }, body: Buffer.from('x') },
    ],
    ['a deployment without a subject', structured(event({ type: DEPLOYED, data: {} }))],
  ])('with %s are refused as a whole', (_what, delivery) => {
    expect(failureOf(() => source.toSignals(delivery))).toMatchObject({
      kind: 'invalid',
      code: 'cloudevents.unreadable_delivery',
    });
  });
});

describe('CDEvents', () => {
  const signalOf = (type: string, content: object, customData?: object, subject?: string) =>
    source.toSignals(
      structured(event({ type, data: cdevent(type, content, customData, subject) })),
    )[0];

  test.each([
    [`pkg:github/acme/shop@${SHA}`, {}],
    [`pkg:oci/shop?vcs_url=git+https://git.acme.example/acme/shop.git@${SHA}`, {}],
    ['pkg:oci/shop@sha256%3Aabc', { repository: 'acme/shop', commit: SHA }],
  ])('the artefact %s names its commit', (artifactId, customData) => {
    const content = { environment: { id: 'production' }, artifactId };

    expect(signalOf(DEPLOYED, content, customData)).toMatchObject({
      type: 'deployment.reported',
      repository: 'acme/shop',
      sha: SHA,
    });
  });

  test.each([
    ['no commit', { environment: { id: 'production' }, artifactId: 'pkg:oci/shop@sha256%3Aabc' }],
    ['no environment', { artifactId: `pkg:github/acme/shop@${SHA}` }],
    ['a tag', { environment: { id: 'production' }, artifactId: 'pkg:github/acme/shop@v1.2.0' }],
  ])('a deployment that names %s is kept as a plain event', (_what, content) => {
    expect(signalOf(DEPLOYED, content)).toMatchObject({ type: 'event.received' });
  });

  test('an incident is one from its detection to its end', () => {
    const told = { description: 'Checkout answers 500', artifactId: `pkg:github/acme/shop@${SHA}` };
    const detected = signalOf(DETECTED, told, { severity: 'high' }, 'inc-9');
    const resolved = signalOf('dev.cdevents.incident.resolved.0.2.0', told, {}, 'inc-9');

    expect(detected).toMatchObject({
      type: 'incident.reported',
      title: 'Checkout answers 500',
      severity: 'high',
      state: 'open',
      repository: 'acme/shop',
      externalKey: '/till/4#inc-9',
    });
    expect(resolved).toMatchObject({ state: 'resolved', externalKey: '/till/4#inc-9' });
  });

  test('a type that only begins like one of ours is another type', () => {
    expect(signalOf('dev.cdevents.service.deployed-not.0.2.0', {})).toMatchObject({
      type: 'event.received',
    });
  });
});
