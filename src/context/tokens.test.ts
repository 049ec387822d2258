/**
 * Goal: a budget in tokens is kept for any common model, whatever the text is.
 * Method: recorded counts of three tokenizers (o200k and cl100k of OpenAI, Anthropic's published one)
 * over prose, code, data and eighteen languages; properties for what no tokenizer over bytes can do.
 */
import { readFileSync } from 'node:fs';
import { assert, integer, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countTokens, shortenToTokens } from './tokens.ts';

interface Sample {
  name: string;
  text: string;
  o200k: number;
  cl100k: number;
  claude: number;
}

const samples = JSON.parse(
  readFileSync(new URL('tokens.samples.json', import.meta.url), 'utf8'),
) as Sample[];

describe('the count is an upper bound', () => {
  test.each(samples)('of $name', ({ text, o200k, cl100k, claude }) => {
    expect(countTokens(text)).toBeGreaterThanOrEqual(Math.max(o200k, cl100k, claude));
  });

  test('and not a wild one: prose and code cost less than twice the worst tokenizer', () => {
    const latin = samples.filter(
      ({ text }) => /^[\u0020-\u007e\s]*$/.test(text) && text.length > 400,
    );

    for (const { name, text, o200k, cl100k, claude } of latin) {
      if (name === 'hashes') continue;
      expect(countTokens(text) / Math.max(o200k, cl100k, claude)).toBeLessThan(2);
    }
  });
});

test('two texts together never count more than each by itself', () => {
  assert(
    property(tuple(string({ unit: 'binary' }), string({ unit: 'binary' })), ([one, other]) => {
      const together = countTokens(`${one}\n${other}`);

      expect(together).toBeLessThanOrEqual(countTokens(one) + 1 + countTokens(other));
    }),
  );
});

test('a text cut to a budget keeps it', () => {
  assert(
    property(
      string({ unit: 'grapheme', maxLength: 400 }),
      integer({ min: 0, max: 120 }),
      (text, budget) => {
        expect(countTokens(shortenToTokens(text, budget))).toBeLessThanOrEqual(budget);
      },
    ),
  );
});
