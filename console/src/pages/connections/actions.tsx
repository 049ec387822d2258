/** Test, pause, resume, and a new secret. */
import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type Connection,
  pauseConnection,
  resumeConnection,
  rotateSecret,
  testConnection,
} from '../../api/connections.ts';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { Notice, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import { Secret } from '../settings/people.tsx';
import { TestResult } from './test-result.tsx';

type Dialog = 'test' | 'pause' | 'rotate';

export function Actions({ connection }: { connection: Connection }) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const client = useQueryClient();
  const renew = () => client.invalidateQueries({ queryKey: ['connections'] });
  const test = useMutation({ mutationFn: () => testConnection(connection.name), onSettled: renew });
  const resume = useMutation({
    mutationFn: () => resumeConnection(connection.name),
    onSuccess: renew,
  });
  const pause = useMutation({
    mutationFn: (reason: string) => pauseConnection(connection.name, reason),
    onSuccess: () => {
      setDialog(null);
      return renew();
    },
  });
  const isOff = connection.state === 'off';
  return (
    <>
      {connection.canTest && !isOff && (
        <Button
          variant="default"
          loading={test.isPending}
          onClick={() => {
            setDialog('test');
            test.mutate();
          }}
        >
          Test
        </Button>
      )}
      {connection.canRotateSecret && (
        <Button variant="default" onClick={() => setDialog('rotate')}>
          Renew the secret
        </Button>
      )}
      {!isOff &&
        (connection.pause === null ? (
          <Button variant="default" onClick={() => setDialog('pause')}>
            Pause
          </Button>
        ) : (
          <Button loading={resume.isPending} onClick={() => resume.mutate()}>
            Resume
          </Button>
        ))}
      {resume.error !== null && <Problem error={resume.error} />}
      <Modal
        opened={dialog === 'test'}
        onClose={() => setDialog(null)}
        title={`Test of ${connection.title}`}
      >
        {test.isPending && <p className="soft">Asking {connection.title} who we are there…</p>}
        {test.error !== null && <Problem error={test.error} onRetry={() => test.mutate()} />}
        {test.data !== undefined && <TestResult result={test.data} />}
      </Modal>
      <ConfirmDialog
        isOpen={dialog === 'pause'}
        onClose={() => setDialog(null)}
        title={`Pause ${connection.title}?`}
        action="Pause"
        keep="Let it go on"
        work={pause}
        reason={{ placeholder: 'migration of the issue tracker', isOptional: true }}
        onConfirm={(reason) => pause.mutate(reason)}
      >
        Nothing is read from it or written to it until it is resumed. What it delivers is kept and
        counts then.
      </ConfirmDialog>
      <Modal
        opened={dialog === 'rotate'}
        onClose={() => setDialog(null)}
        title="Renew the webhook secret"
      >
        {dialog === 'rotate' && <Rotate connection={connection} />}
      </Modal>
    </>
  );
}

function Rotate({ connection }: { connection: Connection }) {
  const rotate = useMutation({ mutationFn: () => rotateSecret(connection.name) });
  if (rotate.data !== undefined) {
    return (
      <div className="stack">
        <Notice tone="warn" title="Shown once">
          <span>
            The old secret counts until <When at={rotate.data.acceptedUntil} />. Give the new one to{' '}
            {connection.title} before.
          </span>
        </Notice>
        <Secret value={rotate.data.secret} label="Webhook secret" />
      </div>
    );
  }
  return (
    <div className="stack">
      <p className="soft small">
        A new secret is made; where {connection.title} can be told, it is told. The old one counts
        for a while longer, so that no delivery is lost.
      </p>
      <div className="row">
        <Button loading={rotate.isPending} onClick={() => rotate.mutate()}>
          Make a new secret
        </Button>
      </div>
      {rotate.error !== null && <Problem error={rotate.error} />}
    </div>
  );
}
