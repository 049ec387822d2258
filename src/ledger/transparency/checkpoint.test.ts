/**
 * Goal: only what the log's key signed is taken for a checkpoint, and its form is that of C2SP.
 * Method: the example of the signed-note specification, and properties over single changed bytes.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatConsistencyProof,
  formatInclusionProof,
  openCheckpoint,
  parseProof,
  signCheckpoint,
} from './checkpoint.ts';
import { buildEntry, Entry, MAX_ENTRY_BYTES } from './entry.ts';
import { leafHash } from './merkle.ts';
import { formatVkey, generateKey, openNote, parseVkey, readSigner, signNote } from './note.ts';

const signer = readSigner('example.com/log', generateKey());
const other = readSigner('example.com/log', generateKey());
const root = leafHash(Buffer.from('an entry'));

test('the example of the specification is accepted', () => {
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const note =
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n" +
    '\n' +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

  expect(openNote(note, [parseVkey(vkey)])).toBe(note.slice(0, note.lastIndexOf('\n\n') + 1));
  expect(formatVkey(parseVkey(vkey))).toBe(vkey);
});

test('a checkpoint says what was signed', () => {
  const note = signCheckpoint({ origin: signer.name, size: 42, root }, signer);

  expect(note).toBe(
    `example.com/log\n42\n${root.toString('base64')}\n\n${note.split('\n').at(-2)}\n`,
  );
  expect(openCheckpoint(note, [signer])).toEqual({ origin: signer.name, size: 42, root });
});

test('a checkpoint of another key is no checkpoint', () => {
  const note = signCheckpoint({ origin: signer.name, size: 42, root }, other);

  expect(openCheckpoint(note, [signer])).toBeUndefined();
  expect(openCheckpoint(note, [signer, other])).toMatchObject({ size: 42 });
});

test('a checkpoint fails with any byte of its text changed', () => {
  const note = Buffer.from(signCheckpoint({ origin: signer.name, size: 42, root }, signer));
  const textLength = note.indexOf('\n\n') + 1;

  fc.assert(
    fc.property(fc.nat({ max: textLength - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const broken = Buffer.from(note);
      broken[at]! ^= mask;
      return openCheckpoint(broken.toString(), [signer]) === undefined;
    }),
  );
});

test.each(['007', '-1', '1e3', '', '9'.repeat(20)])('a signed size of "%s" is refused', (size) => {
  const note = signNote(`${signer.name}\n${size}\n${root.toString('base64')}\n`, signer);

  expect(openCheckpoint(note, [signer])).toBeUndefined();
});

test.each(['', 'name', 'name+00000000+AQ==', `x${formatVkey(signer)}`])(
  'the public key "%s" is refused',
  (text) => {
    expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'ledger.bad_vkey' }));
  },
);

test('a private key of another kind is refused', () => {
  expect(() => readSigner('log', 'not a key')).toThrow(
    expect.objectContaining({ code: 'ledger.bad_key' }),
  );
});

test('proof files are read back as they were written', () => {
  const note = signCheckpoint({ origin: signer.name, size: 42, root }, signer);
  const proof = [root, leafHash(Buffer.from('another'))];

  const inclusion = parseProof(formatInclusionProof(7, proof, note), 'index');
  const consistency = parseProof(formatConsistencyProof(9, [], note), 'old');

  expect(inclusion).toEqual({ number: 7, proof, checkpoint: note });
  expect(consistency).toEqual({ number: 9, proof: [], checkpoint: note });
  expect(parseProof(formatConsistencyProof(9, [], note), 'index')).toBeUndefined();
});

test('the longest event there can be makes an entry within the limit', () => {
  const long = '\u0001'.repeat(300);
  const refs = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`role${at}`, long]));
  const now = new Date();

  const entry = buildEntry({
    seq: Number.MAX_SAFE_INTEGER,
    ts: now,
    id: 'evt_1',
    type: 'x'.repeat(300),
    subject: long,
    actor: { kind: 'agent', id: long, onBehalfOf: long },
    tenant: long,
    cause: long,
    correlationId: long,
    occurredAt: now,
    recordedAt: now,
    refs,
    dataCommitment: root,
    redactsSeq: 1,
  });

  expect(entry.length).toBeLessThan(MAX_ENTRY_BYTES);
  expect(entry.includes('\n')).toBe(false);
  expect(Entry.parse(JSON.parse(entry.toString()))).toMatchObject({ target: { field: 'data' } });
});
