/** Risk as a staircase: each factor begins where the last one ended, and the last step is the score. */
import type { FactorCurve } from '../../api/explanation.ts';
import type { RiskFactor } from '../../api/types.ts';
import { humanise } from '../../parts/format.ts';
import { Curve, reachOf } from './curve.tsx';

/** From the first factor that raises the score to the last that lowers it; what adds nothing goes last. */
function inOrder(factors: readonly RiskFactor[]): RiskFactor[] {
  const typical = factors.filter(({ name }) => name === 'typical-change');
  const rest = factors.filter(({ name, points }) => name !== 'typical-change' && points !== 0);
  return [...typical, ...rest.toSorted((a, b) => b.points - a.points)];
}

const within = (value: number) => Math.min(100, Math.max(0, value));

export function Factors({
  factors,
  score,
  curves,
}: {
  factors: RiskFactor[];
  score: number;
  /** By factor; empty while they are fetched. */
  curves: ReadonlyMap<string, FactorCurve>;
}) {
  const steps = inOrder(factors);
  const idle = factors.filter((factor) => factor.points === 0 && !steps.includes(factor));
  if (steps.length === 0) return <p className="quiet small">No factor added risk.</p>;
  const reach = reachOf(curves.values());
  let sum = 0;
  return (
    <>
      <table className="factors">
        <caption className="visually-hidden">Risk factors and their points</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Factor</th>
            <th scope="col">Curve, and this change on it</th>
            <th scope="col">From 0 to 100</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((factor) => {
            const from = within(sum);
            sum += factor.points;
            const to = within(sum);
            const curve = curves.get(factor.name);
            return (
              <tr key={factor.name}>
                <th scope="row">
                  {humanise(factor.name)}
                  <span className="quiet small factor-why">
                    {factor.explanation === '' ? String(factor.value) : factor.explanation}
                  </span>
                </th>
                <td className="factor-shape">
                  {curve !== undefined && (
                    <Curve curve={curve} name={humanise(factor.name).toLowerCase()} reach={reach} />
                  )}
                </td>
                <td className="factor-bar" aria-hidden="true">
                  <Bar from={from} to={to} isLowering={factor.points < 0} />
                </td>
                <td className="factor-points" data-sign={Math.sign(factor.points)}>
                  {signed(factor.points)}
                </td>
              </tr>
            );
          })}
          <tr className="factor-sum">
            <th scope="row">Score</th>
            <td className="factor-shape" />
            <td className="factor-bar" aria-hidden="true">
              <Bar from={0} to={within(score)} />
            </td>
            <td className="factor-points">{trim(score)}</td>
          </tr>
        </tbody>
      </table>
      {idle.length > 0 && (
        <p className="quiet small">
          Looked at and without weight here:{' '}
          {idle.map(({ name }) => humanise(name).toLowerCase()).join(', ')}.
        </p>
      )}
    </>
  );
}

function Bar({ from, to, isLowering = false }: { from: number; to: number; isLowering?: boolean }) {
  const left = Math.min(from, to);
  return (
    <span className="factor-track">
      <span
        data-lowering={isLowering || undefined}
        style={{ insetInlineStart: `${left}%`, width: `${Math.max(0.6, Math.abs(to - from))}%` }}
      />
    </span>
  );
}

export function trim(value: number): string {
  return Number(value.toFixed(1)).toString();
}

function signed(points: number): string {
  return points > 0 ? `+${trim(points)}` : trim(points).replace('-', '−');
}
