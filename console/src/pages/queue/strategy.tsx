/** How a branch is landed on, and changing it. */
import { Button, Modal, Radio, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import type { LandingLane } from '../../api/landing.ts';
import { Problem } from '../../parts/layout.tsx';
import { useMay } from '../../parts/rights.ts';

type Strategy = LandingLane['strategy'];

const STRATEGIES: Record<Strategy, { label: string; text: string }> = {
  serial: {
    label: 'One order',
    text: 'What lands was tested as the very tree the branch has then.',
  },
  lanes: {
    label: 'Lanes',
    text: 'Changes without a package in common do not wait for each other; the branch itself is tested behind them, and may be red for about one test’s time.',
  },
};

export function LandingStrategy({ lane }: { lane: LandingLane }) {
  const [isAsking, setAsking] = useState(false);
  const [strategy, setStrategy] = useState<Strategy>(lane.strategy);
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const may = useMay('policy:publish');
  const { repository, baseBranch } = lane;
  const save = useMutation({
    mutationFn: () =>
      post('/v1/landing-queue/strategy', {
        repository,
        baseBranch,
        strategy,
        reason: reason.trim(),
      }),
    onSuccess: () => {
      setAsking(false);
      return client.invalidateQueries({ queryKey: ['landing'] });
    },
  });
  const { label, text } = STRATEGIES[lane.strategy];
  return (
    <div className="row row-wrap" style={{ gap: '4px 12px' }}>
      <span className="quiet small">
        <strong>{label}.</strong> {text}
      </span>
      {may && (
        <Button
          variant="subtle"
          size="compact-xs"
          aria-label={`Change how ${baseBranch} of ${repository} is landed on`}
          onClick={() => setAsking(true)}
        >
          Change
        </Button>
      )}
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`How ${baseBranch} is landed on`}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <Radio.Group
            label="Strategy"
            value={strategy}
            onChange={(value) => setStrategy(value as Strategy)}
          >
            <div className="stack" style={{ '--gap': '8px', marginTop: '8px' } as object}>
              {(Object.keys(STRATEGIES) as Strategy[]).map((value) => (
                <Radio
                  key={value}
                  value={value}
                  label={STRATEGIES[value].label}
                  description={STRATEGIES[value].text}
                />
              ))}
            </div>
          </Radio.Group>
          <Textarea
            label="Reason"
            description="It becomes part of the record."
            required
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {save.error !== null && <Problem error={save.error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button type="submit" loading={save.isPending} disabled={strategy === lane.strategy}>
              Save
            </Button>
          </div>
        </form>
      </Modal>
    </div>
  );
}
