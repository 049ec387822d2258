/** Whether the model keeps its word in this repository: what it said of changes, against what was found. */
import type { RiskExplanation, RiskReliability } from '../../api/explanation.ts';
import { percent, plural } from '../../parts/format.ts';
import { When } from '../../parts/time.tsx';

export function Ranks({ explanation }: { explanation: RiskExplanation }) {
  const { kind, ranks, percentile, probability, model } = explanation;
  if (kind === 'counted') {
    return (
      <p className="quiet small">
        Counted, not learned: the change touches no production code, or the repository has told too
        little so far. Curves run over the logarithm of the counts.
      </p>
    );
  }
  return (
    <p className="quiet small">
      {percentile !== null && `Riskier than ${percent(percentile)} of the changes here. `}
      {probability !== null && `A defect is expected in ${percent(probability)} of such changes. `}
      {ranks !== null &&
        `Each value is ranked among ${plural(ranks.changes, 'change')} of this repository, which weigh ${percent(ranks.ownShare)}; the rest is all repositories together. `}
      Solid: the curve of this repository; dotted: as shipped
      {model !== null && (
        <>
          {' '}
          with <code>{model}</code>
        </>
      )}
      .
    </p>
  );
}

export function Reliability({ reliability }: { reliability: RiskReliability }) {
  const { bins, error, changes, knownDefects, fittedAt } = reliability;
  if (bins.length === 0) {
    return (
      <p className="quiet small">
        Not to be told yet: it takes 100 changes that landed more than a year ago. Fitted to{' '}
        {plural(changes, 'change')} and {plural(knownDefects, 'known defect')}.
      </p>
    );
  }
  const most = Math.max(...bins.flatMap(({ declared, realised }) => [declared, realised]), 0.01);
  return (
    <>
      <table className="reliability">
        <caption className="visually-hidden">Declared against realised, by bins of changes</caption>
        <thead>
          <tr>
            <th scope="col">Said</th>
            <th scope="col">Found</th>
            <th scope="col">
              <span className="visually-hidden">Side by side</span>
            </th>
            <th scope="col">Changes</th>
          </tr>
        </thead>
        <tbody>
          {bins.map((bin) => (
            <tr key={`${bin.from}-${bin.to}-${bin.declared}`}>
              <td>{percent(bin.declared)}</td>
              <td>{percent(bin.realised)}</td>
              <td aria-hidden="true">
                <span className="reliability-track">
                  <span style={{ width: `${(100 * bin.declared) / most}%` }} />
                  <span data-found style={{ width: `${(100 * bin.realised) / most}%` }} />
                </span>
              </td>
              <td>{bin.changes}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet small">
        Changes that landed more than a year ago, by what was said of each on that day.
        {error !== null && ` On average ${percent(error)} apart.`} Fitted <When at={fittedAt} /> to{' '}
        {plural(changes, 'change')} and {plural(knownDefects, 'known defect')}.
      </p>
    </>
  );
}
