/**
 * Goal: an incident ends up the same in whatever order, and however often, its reports arrive.
 * Method: examples, and shuffled lists of reports.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldIncident, type IncidentReport, type KnownIncident } from './incident.ts';

const BASE = { title: 'Checkout fails', severity: 'high', externalKey: 'pager-1' } as const;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

function fold(reports: readonly (readonly [IncidentReport['state'], number])[]): KnownIncident {
  let known: KnownIncident | undefined;
  for (const [state, minute] of reports) {
    known = foldIncident(known, { ...BASE, state }, at(minute), () => 'inc_1');
  }
  return known!;
}

describe('an incident after its reports', () => {
  test('a firing that comes after the resolution does not reopen it', () => {
    const incident = fold([
      ['resolved', 9],
      ['open', 2],
    ]);

    expect(incident).toMatchObject({ state: 'resolved', detectedAt: at(2), resolvedAt: at(9) });
  });

  test('it opens again when the source says so later', () => {
    const incident = fold([
      ['open', 1],
      ['resolved', 3],
      ['open', 5],
      ['resolved', 3],
    ]);

    expect(incident).toMatchObject({ state: 'open', detectedAt: at(1), resolvedAt: null });
  });

  test('its state is the same in any order and after any repetition', () => {
    const report = fc.tuple(fc.constantFrom('open' as const, 'resolved' as const), fc.nat(20));
    fc.assert(
      fc.property(
        fc.array(report, { minLength: 1, maxLength: 8 }).chain((reports) =>
          fc.tuple(
            fc.constant(reports),
            fc.shuffledSubarray([...reports, ...reports], {
              minLength: reports.length * 2,
              maxLength: reports.length * 2,
            }),
          ),
        ),
        ([reports, shuffled]) => {
          const inOrder = reports.toSorted((a, b) => a[1] - b[1]);
          const { state, detectedAt, stateAt } = fold(inOrder);

          expect(fold(shuffled)).toMatchObject({ state, detectedAt, stateAt });
        },
      ),
    );
  });
});
