/**
 * Goal: of many processes that ask for the same exclusive claim at the same moment, exactly one gets it,
 * every time, and the numbers of the grants rise.
 * Method: real processes with connections of their own on one real database; LOOM_RACE_PROCESSES and
 * LOOM_RACE_ROUNDS make it larger.
 */
import { expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { raceForClaims } from './test-race.ts';

const processes = Number(process.env['LOOM_RACE_PROCESSES'] ?? 8);
const rounds = Number(process.env['LOOM_RACE_ROUNDS'] ?? 25);

test(
  `${processes} processes race for ${rounds} claims: one holder each time`,
  async () => {
    await using database = await testDatabase();

    const { fair, fences } = await raceForClaims({ url: database.url, processes, rounds });

    expect(fair).toBe(rounds);
    expect(fences).toEqual(Array.from({ length: rounds }, (_, index) => index + 1));
  },
  30_000 + processes * rounds * 30,
);
