/** Every verdict on the change, and the proof that one can be made again. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { policyQueries } from '../../api/policy.ts';
import { queries } from '../../api/queries.ts';
import type { Decision } from '../../api/types.ts';
import { Badge, LaneBadge } from '../../parts/badges.tsx';
import { plural, shortId } from '../../parts/format.ts';
import { Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import { trim } from './factors.tsx';

export function LaneHistory({ changeId }: { changeId: string }) {
  const query = useQuery(queries.decisions(changeId));
  const decisions = query.data?.items;
  return (
    <Panel
      title="Verdicts over time"
      note={decisions === undefined ? undefined : plural(decisions.length, 'verdict')}
      flush
    >
      {decisions === undefined &&
        (query.error === null ? (
          <Loading rows={3} />
        ) : (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ))}
      <ol className="lane-history" aria-label="Verdicts, the newest first">
        {decisions?.map((decision, index) => (
          <li key={decision.id}>
            <LaneBadge lane={decision.lane} />
            <span className="grow">
              <span className="lane-why">{whyOf(decision, decisions[index + 1])}</span>
              <span className="quiet small">
                <When at={decision.decidedAt} /> · risk {trim(decision.score)} · policy{' '}
                <code>{decision.policyVersion.slice(0, 8)}</code>
              </span>
            </span>
            <ReplayProof decisionId={decision.id} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** What was another than in the verdict before. */
function whyOf(decision: Decision, before: Decision | undefined): string {
  if (before === undefined) return `First judged, for ${shortId(decision.headSha)}`;
  const reasons = [
    ...(before.headSha === decision.headSha ? [] : [`new commit ${shortId(decision.headSha)}`]),
    ...(before.baseSha === decision.baseSha ? [] : ['new base']),
    ...(before.policyVersion === decision.policyVersion ? [] : ['new policy']),
    ...(countOf(before, 'approvals') < countOf(decision, 'approvals') ? ['an approval'] : []),
    ...(countOf(before, 'approvals') > countOf(decision, 'approvals') ? ['an approval less'] : []),
    ...(countOf(before, 'freezes') === countOf(decision, 'freezes') ? [] : ['a freeze']),
    ...(before.facts['checks'] === decision.facts['checks'] ? [] : ['other check results']),
  ];
  const text = reasons.length === 0 ? 'other facts' : reasons.join(', ');
  const isMet = decision.outcome === 'ship' && before.outcome !== 'ship' ? '; it may ship' : '';
  return `Judged again: ${text}${isMet}`;
}

function countOf({ facts }: Decision, name: string): number {
  const value = facts[name];
  return Array.isArray(value) ? value.length : 0;
}

function ReplayProof({ decisionId }: { decisionId: string }) {
  const [isAsked, setAsked] = useState(false);
  const replay = useQuery({ ...policyQueries.replay(decisionId), enabled: isAsked });
  if (replay.error !== null) {
    return (
      <span className="small removed" role="alert">
        {replay.error.message}
      </span>
    );
  }
  if (replay.data === undefined) {
    return (
      <Button
        size="compact-xs"
        variant="default"
        loading={isAsked}
        onClick={() => setAsked(true)}
        title="Judges the recorded facts by the recorded policy again and compares the bytes"
      >
        Replay
      </Button>
    );
  }
  return (
    <span role="status">
      <Badge
        look={
          replay.data.isIdentical
            ? { label: 'Same to the byte', tone: 'good', icon: 'check' }
            : { label: 'Differs', tone: 'bad', icon: 'alert' }
        }
      />
    </span>
  );
}
