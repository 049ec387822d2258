/** The decision in the leader's words: lane, rules with their lines, factors that sum to the score. */
import type { Decision, RiskFactor } from '../../api/types.ts';
import { laneLook } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { humanise, plural, shortId, shortSource, whoInWords } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

const MEANING: Record<string, string> = {
  ship: 'It may merge without a person.',
  'ship-and-watch': 'It may merge without a person and is watched afterwards.',
  'one-reviewer': 'One person has to approve it.',
  'two-person': 'Two people have to approve it.',
  hold: 'It may not merge until a leader lifts the hold.',
};

export function Verdict({ decision }: { decision: Decision }) {
  const look = laneLook(decision.lane);
  const isMet = decision.outcome === 'ship';
  return (
    <Panel
      title="Verdict"
      note={
        <>
          decided <When at={decision.decidedAt} /> for <code>{shortId(decision.headSha)}</code>
        </>
      }
      actions={<Identifier id={decision.id} />}
      flush
      foot={
        <>
          Policy <code>{decision.policyVersion}</code> from{' '}
          <code className="wrap-anywhere" title={decision.policySource}>
            {shortSource(decision.policySource)}
          </code>
          . The same commit and policy always give this verdict.
        </>
      }
    >
      <div className="verdict-lane" data-tone={look.tone}>
        <span className="verdict-icon">
          <Icon name={look.icon} size={20} />
        </span>
        <div className="grow">
          <p className="verdict-name">{look.label}</p>
          <p className="quiet small">
            {MEANING[decision.lane] ?? ''}
            {isMet && decision.lane !== 'ship' && ' All that was asked for is there.'}
          </p>
        </div>
        <div className="verdict-score">
          <span className="stat-value">{trim(decision.score)}</span>
          <span className="quiet small">of 100 risk</span>
        </div>
      </div>

      {decision.missing.length > 0 && (
        <div className="verdict-part" data-tone="warn">
          <h3>What is missing</h3>
          <ul className="missing">
            {decision.missing.map((item, index) => (
              <li key={index}>
                <Icon name="waiting" size={14} />
                <span>
                  {item.what}
                  {unsaid(item).length > 0 && (
                    <span className="quiet"> · can be given by {unsaid(item).join(', ')}</span>
                  )}
                </span>
                <code className="quiet">{item.rule}</code>
              </li>
            ))}
          </ul>
        </div>
      )}

      <div className="verdict-part">
        <h3>Deciding rules</h3>
        {decision.rules.length === 0 ? (
          <p className="quiet small">No rule applied; the default lane of the policy did.</p>
        ) : (
          <ul className="rules" aria-label="Deciding rules">
            {decision.rules.map((rule) => (
              <li key={`${rule.id}-${rule.line}`} data-tone={rule.isMet ? 'good' : 'warn'}>
                <span className="rule-state">
                  <Icon
                    name={rule.isMet ? 'check' : rule.kind === 'hold' ? 'lock' : 'waiting'}
                    size={14}
                    label={rule.isMet ? 'Met' : 'Not met'}
                  />
                </span>
                <div className="grow">
                  <p>{rule.because === '' ? humanise(rule.id) : rule.because}</p>
                  <p className="quiet small">
                    <code>{rule.id}</code>
                    {rule.kind !== rule.id && ` · ${rule.kind}`}
                    {rule.reviewers > 0 && ` · ${plural(rule.reviewers, 'reviewer')}`}
                    {rule.from.length > 0 && ` from ${rule.from.map(whoInWords).join(' or ')}`}
                  </p>
                </div>
                <code className="quiet nowrap small">
                  {rule.line === 0 ? 'built in' : `${rule.file}:${rule.line}`}
                </code>
              </li>
            ))}
          </ul>
        )}
      </div>

      <div className="verdict-part">
        <h3>Risk factors</h3>
        <Factors factors={decision.factors} score={decision.score} />
      </div>
    </Panel>
  );
}

/** Who can give it, as far as the sentence has not named them. */
function unsaid({ what, who }: Decision['missing'][number]): string[] {
  return who.map(whoInWords).filter((name) => !what.includes(name));
}

/** Shades of one colour: a longer segment is more points, the order is the list's. */
function Factors({ factors, score }: { factors: RiskFactor[]; score: number }) {
  if (factors.length === 0) return <p className="quiet small">No factor added risk.</p>;
  const sorted = factors.toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points));
  const raising = sorted.filter((factor) => factor.points > 0);
  return (
    <>
      <div className="score-bar" role="img" aria-label={`Risk ${trim(score)} of 100`}>
        {raising.map((factor, index) => (
          <span
            key={factor.name}
            style={{ width: `${Math.min(100, factor.points)}%`, opacity: 1 - index * 0.13 }}
            title={`${humanise(factor.name)}: ${signed(factor.points)}`}
          />
        ))}
      </div>
      <table className="factors">
        <caption className="visually-hidden">Risk factors and their points</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Factor</th>
            <th scope="col">Explanation</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((factor) => (
            <tr key={factor.name}>
              <th scope="row">{humanise(factor.name)}</th>
              <td className="quiet">
                {factor.explanation === '' ? String(factor.value) : factor.explanation}
              </td>
              <td className="factor-points" data-sign={Math.sign(factor.points)}>
                {signed(factor.points)}
              </td>
            </tr>
          ))}
          <tr className="factor-sum">
            <th scope="row">Score</th>
            <td />
            <td className="factor-points">{trim(score)}</td>
          </tr>
        </tbody>
      </table>
    </>
  );
}

function trim(value: number): string {
  return Number(value.toFixed(1)).toString();
}

function signed(points: number): string {
  return points > 0 ? `+${trim(points)}` : trim(points).replace('-', '−');
}
