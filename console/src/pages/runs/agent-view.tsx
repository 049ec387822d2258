/** An agent at work in a step: what it says, what it has used, and what is left of its budget. */
import { Progress } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type AgentRun, landingQueries } from '../../api/landing.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { duration } from '../../parts/format.ts';
import { Facts, Notice } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';

const LIVE = new Set(['running', 'waiting', 'ready']);

export function AgentView({ runId, step, state }: { runId: string; step: string; state: string }) {
  const query = useQuery(landingQueries.agentsOf(runId, LIVE.has(state)));
  const agent = query.data?.items.find((one) => one.step === step);
  if (agent === undefined) return null;
  const used = agent.inputTokens + agent.outputTokens;
  const money = (micros: number) => `$${(micros / 1e6).toFixed(2)}`;
  return (
    <section className="stack" aria-label="Agent" style={{ '--gap': '10px' } as object}>
      <div className="row row-wrap">
        <h3>{agent.agent}</h3>
        <StateBadge state={agent.state === 'asleep' ? 'waiting' : agent.state} />
        {agent.sessionId !== null && (
          <AppLink href={`/sessions/${agent.sessionId}`}>Its session</AppLink>
        )}
      </div>
      {agent.wakeAt !== null && agent.state === 'asleep' && (
        <Notice tone="warn" title="Asleep">
          Its provider set a limit. It wakes <When at={agent.wakeAt} />.
        </Notice>
      )}
      <Budget
        label="Tokens"
        used={used}
        limit={agent.budget.tokens}
        show={(n) => n.toLocaleString('en')}
      />
      <Budget
        label="Cost"
        used={agent.costUsdMicros ?? 0}
        limit={agent.budget.costUsdMicros}
        show={(n) => (agent.costUsdMicros === null && n === 0 ? 'not told' : money(n))}
      />
      <Budget
        label="Time at work"
        used={agent.workMs}
        limit={agent.budget.workMs}
        show={duration}
      />
      <Facts items={factsOf(agent)} />
      {agent.handover !== null && agent.handover !== '' && (
        <Said label="Hand-over" text={agent.handover} />
      )}
      {agent.answer !== '' && <Said label="Answer" text={agent.answer} />}
      {agent.output !== '' && <Said label="Output" text={agent.output} />}
    </section>
  );
}

function factsOf(agent: AgentRun): [string, React.ReactNode][] {
  return [
    ['Model', agent.model ?? 'as the agent chooses'],
    ['Tool calls', String(agent.toolCalls)],
    ['From caches', `${agent.cachedTokens.toLocaleString('en')} tokens`],
    ['Started', agent.starts === 1 ? 'once' : `${agent.starts} times`],
    ['Branch', <code key="b">{agent.branch}</code>],
    ...(agent.errorCode === null
      ? []
      : [['Stopped by', <code key="e">{agent.errorCode}</code>] as [string, React.ReactNode]]),
  ];
}

function Budget({
  label,
  used,
  limit,
  show,
}: {
  label: string;
  used: number;
  limit: number | null;
  show: (value: number) => string;
}) {
  const share = limit === null ? 0 : Math.min(100, (used / limit) * 100);
  return (
    <div>
      <div className="row row-wrap small" style={{ justifyContent: 'space-between' }}>
        <span>{label}</span>
        <span className="quiet">
          {show(used)} {limit === null ? '(no limit)' : `of ${show(limit)}`}
        </span>
      </div>
      {limit !== null && (
        <Progress
          value={share}
          color={share > 90 ? 'red' : undefined}
          aria-label={`${label}: ${Math.round(share)} % of the budget`}
        />
      )}
    </div>
  );
}

function Said({ label, text }: { label: string; text: string }) {
  return (
    <div className="stack" style={{ '--gap': '4px' } as object}>
      <h3>{label}</h3>
      <pre className="json" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
