/** What is wrong with a text and what looks like a mistake, each with its place. */
import type { PolicyRemark } from '../../api/policy.ts';
import type { PolicyProblem } from '../../api/types.ts';
import { Icon } from '../../parts/icon.tsx';

export function Problems({
  problems,
  onGo,
}: {
  problems: readonly PolicyProblem[];
  onGo?: (line: number) => void;
}) {
  return (
    <ul className="policy-problems" aria-label="Problems">
      {problems.map((problem, index) => (
        <li key={index} data-tone="bad">
          <Icon name="cross" size={14} />
          <div className="grow">
            <p className="wrap-anywhere">{problem.message}</p>
            {problem.suggestion !== null && (
              <p className="soft small wrap-anywhere">
                Did you mean <code>{problem.suggestion}</code>?
              </p>
            )}
            <Place line={problem.line} column={problem.column} onGo={onGo} />
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Remarks({
  remarks,
  onGo,
}: {
  remarks: readonly PolicyRemark[];
  onGo?: (line: number) => void;
}) {
  return (
    <ul className="policy-problems" aria-label="Remarks">
      {remarks.map((remark, index) => (
        <li key={index} data-tone="warn">
          <Icon name="alert" size={14} />
          <div className="grow">
            <p className="wrap-anywhere">{remark.message}</p>
            <p className="quiet small">
              <code>{remark.rule}</code>
            </p>
            <Place line={remark.line} onGo={remark.line > 0 ? onGo : undefined} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function Place({
  line,
  column,
  onGo,
}: {
  line: number;
  column?: number;
  onGo: ((line: number) => void) | undefined;
}) {
  const text = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  if (onGo === undefined) return <p className="quiet small">{text}</p>;
  return (
    <button type="button" className="plain-button small text-button" onClick={() => onGo(line)}>
      Go to {text}
    </button>
  );
}
