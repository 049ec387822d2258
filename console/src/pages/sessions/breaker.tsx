/** What the session has spent, what stopped it, and the way to let it go on. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  breakerQueries,
  type BreakerTrip,
  liftBreaker,
  type SessionBreaker,
} from '../../api/breakers.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { compact, count, humanise, money, plural } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { Facts, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

const MICROS = 1_000_000;

const STAGES: Record<SessionBreaker['stage'], { label: string; tone: Tone; icon: IconName }> = {
  closed: { label: 'No loop found', tone: 'good', icon: 'check' },
  'turn-ended': { label: 'Turn was ended', tone: 'warn', icon: 'alert' },
  'session-ended': { label: 'Session was ended', tone: 'bad', icon: 'blocked' },
};

const DID: Record<BreakerTrip['stage'], string> = {
  'block-call': 'A call was refused',
  'end-turn': 'The turn was ended',
  'end-session': 'The session was ended',
};

export function BreakerPanel({ sessionId, isLive }: { sessionId: string; isLive: boolean }) {
  const query = useQuery(breakerQueries.ofSession(sessionId));
  const [isLifting, setLifting] = useState(false);
  const client = useQueryClient();
  const lift = useMutation({
    mutationFn: (reason: string) => liftBreaker(sessionId, reason),
    onSuccess: () => {
      setLifting(false);
      return client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const breaker = query.data;
  return (
    <Panel
      title="Spend and breaker"
      actions={
        breaker !== undefined && breaker.stage !== 'closed' && isLive ? (
          <Button size="compact-sm" variant="default" onClick={() => setLifting(true)}>
            Let it go on
          </Button>
        ) : undefined
      }
    >
      {breaker === undefined ? (
        query.error === null ? (
          <Loading rows={2} />
        ) : (
          <Problem error={query.error} />
        )
      ) : (
        <div className="stack">
          <Facts
            items={[
              ['Breaker', <Badge key="stage" look={STAGES[breaker.stage]} />],
              ['Calls', ofBudget(count(breaker.spent.calls), numberOf(breaker.budget.calls))],
              ['Tokens', ofBudget(compact(breaker.spent.tokens), numberOf(breaker.budget.tokens))],
              [
                'Money',
                ofBudget(
                  money(breaker.spent.costUsdMicros / MICROS),
                  breaker.budget.costUsdMicros === null
                    ? null
                    : money(breaker.budget.costUsdMicros / MICROS),
                ),
              ],
              [
                'Time limit',
                breaker.budget.minutes === null ? 'none' : plural(breaker.budget.minutes, 'minute'),
              ],
              ['Advised', plural(breaker.nudges, 'time')],
            ]}
          />
          {breaker.items.length > 0 && (
            <ul className="trips" aria-label="What was stopped">
              {breaker.items.map((trip) => (
                <li key={trip.id}>
                  <Trip trip={trip} />
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      <ConfirmDialog
        isOpen={isLifting}
        onClose={() => setLifting(false)}
        title="Let the session go on?"
        action="Let it go on"
        keep="Leave it stopped"
        work={lift}
        reason={{ placeholder: 'The registry is back' }}
        onConfirm={(reason) => lift.mutate(reason)}
      >
        It gets all its chances again.
      </ConfirmDialog>
    </Panel>
  );
}

function Trip({ trip }: { trip: BreakerTrip }) {
  const saved =
    trip.savedCostUsdMicros === null
      ? `${compact(trip.savedTokens)} tokens`
      : money(trip.savedCostUsdMicros / MICROS);
  return (
    <div className="stack" style={{ '--gap': '2px' } as object}>
      <p>
        <strong>{DID[trip.stage]}</strong>{' '}
        <span className="quiet small">
          {humanise(trip.rule)}, <When at={trip.trippedAt} />
        </span>
      </p>
      <p className="small">{trip.reason}</p>
      <p className="small soft">{trip.advice}</p>
      <p className="quiet small" title={trip.savedMethod}>
        About {saved} saved
        {trip.liftedAt !== null && (
          <>
            {'; lifted '}
            <When at={trip.liftedAt} />
          </>
        )}
      </p>
      {trip.handOver !== null && (
        <details>
          <summary className="small">Notes for whoever takes over</summary>
          <p className="small wrap-anywhere hand-over">{trip.handOver}</p>
        </details>
      )}
    </div>
  );
}

function numberOf(limit: number | null): string | null {
  return limit === null ? null : compact(limit);
}

function ofBudget(used: string, limit: string | null): string {
  return limit === null ? used : `${used} of ${limit}`;
}
