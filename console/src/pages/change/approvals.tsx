/** Who has spoken about the change, and whether it still counts. */
import type { Approval } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { shortId } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

export function Approvals({ approvals, headSha }: { approvals: Approval[]; headSha: string }) {
  if (approvals.length === 0) return null;
  return (
    <Panel title="Approvals" flush>
      <ul aria-label="Approvals">
        {approvals.map((approval) => (
          <li key={approval.id} className="approval">
            <StateBadge state={approval.state === 'void' ? 'void' : approval.decision} />
            <div className="grow">
              <p>
                <strong>{approval.personName}</strong>{' '}
                <span className="quiet small">
                  for <code>{shortId(approval.headSha)}</code>, <When at={approval.givenAt} />
                </span>
              </p>
              {approval.reason !== '' && <p className="soft wrap-anywhere">{approval.reason}</p>}
              {approval.state === 'void' && (
                <p className="quiet small">
                  {approval.headSha === headSha
                    ? 'No longer counts: the policy changed since.'
                    : 'No longer counts: the code changed since.'}
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
