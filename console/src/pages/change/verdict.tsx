/** The decision as a tree: the lane, below it the rules that made it so, what is missing, and the risk. */
import { useQuery } from '@tanstack/react-query';
import { explanationQuery } from '../../api/explanation.ts';
import type { Decision } from '../../api/types.ts';
import { laneLook } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { humanise, plural, shortId, shortSource, whoInWords } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import { Factors, trim } from './factors.tsx';
import { Missing } from './missing.tsx';
import { Ranks, Reliability } from './reliability.tsx';

const MEANING: Record<string, string> = {
  ship: 'It may merge without a person.',
  'ship-and-watch': 'It may merge without a person and is watched afterwards.',
  'one-reviewer': 'One person has to approve it.',
  'two-person': 'Two people have to approve it.',
  hold: 'It may not merge until a leader lifts the hold.',
};

export function Verdict({ decision, custody }: { decision: Decision; custody: readonly string[] }) {
  const { data } = useQuery(explanationQuery(decision.id));
  const curves = new Map(
    (data?.factors ?? []).flatMap(({ name, curve }) =>
      curve === null ? [] : [[name, curve] as const],
    ),
  );
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

      <ul className="verdict-tree" aria-label="Why">
        <li className="verdict-branch">
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
        </li>
        <li className="verdict-branch">
          <h3>Still missing to ship</h3>
          {decision.missing.length === 0 ? (
            <p className="row small" data-tone={isMet ? 'good' : 'neutral'}>
              <Icon name={isMet ? 'check' : 'info'} size={14} />
              {isMet ? 'Nothing: it may ship.' : 'Nothing that a person could give.'}
            </p>
          ) : (
            <Missing missing={decision.missing} custody={custody} />
          )}
        </li>
        <li className="verdict-branch">
          <h3>Risk factors</h3>
          <Factors factors={decision.factors} score={decision.score} curves={curves} />
          {data !== undefined && <Ranks explanation={data} />}
        </li>
        {data?.reliability != null && (
          <li className="verdict-branch">
            <h3>Did it come true before?</h3>
            <Reliability reliability={data.reliability} />
          </li>
        )}
      </ul>
    </Panel>
  );
}
