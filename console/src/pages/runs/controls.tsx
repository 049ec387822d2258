/** What a person may do with a run: pause, resume, take it up again, cancel; each with its reason. */
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import type { RunWithSteps } from '../../api/types.ts';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { Icon } from '../../parts/icon.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useMay } from '../../parts/rights.ts';

const ASKED = {
  cancel: {
    verb: 'cancel',
    title: 'Cancel this run?',
    text: 'Steps in hand are stopped and nothing after them runs. What was done is undone where the workflow says how.',
    action: 'Cancel run',
    keep: 'Keep it running',
    done: 'The run is cancelled.',
  },
  pause: {
    verb: 'pause',
    title: 'Pause this run?',
    text: 'Nothing more of it begins; what is at work comes to its end. Signals and timers wait.',
    action: 'Pause run',
    keep: 'Let it go on',
    done: 'The run is paused.',
  },
} as const;
type Asked = keyof typeof ASKED;

/** Posts a verb of the run; tells how it went and shows the run as it is then. */
function useVerb(run: Pick<RunWithSteps, 'id'>, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, body }: { verb: string; body: object; done: string }) =>
      post(`/v1/runs/${run.id}/${verb}`, body),
    onSuccess: (_, { done }) => {
      onDone();
      notifications.show({ message: done });
      return client.invalidateQueries({ queryKey: ['runs'] });
    },
    onError: (error) => notifications.show({ color: 'red', message: error.message }),
  });
}

export function Controls({ run }: { run: RunWithSteps }) {
  const [asked, setAsked] = useState<Asked>();
  const may = useMay('runs:control');
  const verb = useVerb(run, () => setAsked(undefined));
  const isOpen = run.state === 'running' || run.state === 'paused';
  const words = asked === undefined ? undefined : ASKED[asked];
  return (
    <>
      {run.changeId !== null && (
        <Button
          component={AppLink}
          href={`/changes/${run.changeId}`}
          variant="default"
          leftSection={<Icon name="change" size={14} />}
        >
          Open change
        </Button>
      )}
      {may && (run.state === 'failed' || run.state === 'cancelled') && run.undoneBy === null && (
        <Button
          leftSection={<Icon name="retry" size={14} />}
          loading={verb.isPending}
          onClick={() =>
            verb.mutate({ verb: 'retry', body: {}, done: 'What failed is taken up again.' })
          }
        >
          Retry
        </Button>
      )}
      {may && run.state === 'paused' && (
        <Button
          leftSection={<Icon name="running" size={14} />}
          loading={verb.isPending}
          onClick={() => verb.mutate({ verb: 'resume', body: {}, done: 'The run goes on.' })}
        >
          Resume
        </Button>
      )}
      {may && run.state === 'running' && (
        <Button
          variant="default"
          leftSection={<Icon name="waiting" size={14} />}
          onClick={() => setAsked('pause')}
        >
          Pause run
        </Button>
      )}
      {may && isOpen && (
        <Button
          variant="default"
          leftSection={<Icon name="cancelled" size={14} />}
          onClick={() => setAsked('cancel')}
        >
          Cancel run
        </Button>
      )}
      {words !== undefined && (
        <ConfirmDialog
          isOpen
          onClose={() => setAsked(undefined)}
          title={words.title}
          action={words.action}
          keep={words.keep}
          isDangerous={asked === 'cancel'}
          work={verb}
          reason={{}}
          onConfirm={(reason) =>
            verb.mutate({ verb: words.verb, body: { reason }, done: words.done })
          }
        >
          {words.text}
        </ConfirmDialog>
      )}
    </>
  );
}

/** Takes a run that is over up again from one of its steps, with all that comes after it. */
export function RetryFrom({ run, step }: { run: RunWithSteps; step: string }) {
  const may = useMay('runs:control');
  const verb = useVerb(run, () => {});
  const isOver = run.state === 'done' || run.state === 'failed' || run.state === 'cancelled';
  if (!may || !isOver || run.undoneBy !== null) return null;
  return (
    <Button
      variant="default"
      leftSection={<Icon name="retry" size={14} />}
      loading={verb.isPending}
      onClick={() =>
        verb.mutate({ verb: 'retry', body: { step }, done: 'The run is taken up again from here.' })
      }
    >
      Retry from this step
    </Button>
  );
}
