/** What asking the outside system for ourselves gave. */
import type { ConnectionTest } from '../../api/connections.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Notice } from '../../parts/layout.tsx';

const LEVELS: Record<
  ConnectionTest['findings'][number]['level'],
  { icon: IconName; tone: string }
> = {
  ok: { icon: 'check', tone: 'good' },
  warning: { icon: 'alert', tone: 'warn' },
  problem: { icon: 'cross', tone: 'bad' },
};

export function TestResult({
  result: { isWorking, account, findings },
}: {
  result: ConnectionTest;
}) {
  const hasWarning = findings.some(({ level }) => level === 'warning');
  return (
    <div className="stack" role="status">
      <Notice
        tone={isWorking ? (hasWarning ? 'warn' : 'good') : 'bad'}
        title={
          isWorking
            ? hasWarning
              ? 'It answers, with reservations'
              : 'It works'
            : 'It does not work'
        }
      >
        {account !== '' && <span>Known there as {account}.</span>}
      </Notice>
      <ul className="findings">
        {findings.map(({ level, text, hint }) => (
          <li key={text}>
            <span className="finding-mark" data-tone={LEVELS[level].tone}>
              <Icon name={LEVELS[level].icon} size={14} label={level} />
            </span>
            <span>
              {text}
              {hint !== undefined && <span className="quiet small"> {hint}</span>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
