/** The way to a working connection, step by step; what is done is ticked off. */
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Connection, type ConnectionTest, takeSettingsBack } from '../../api/connections.ts';
import { Copy } from '../../parts/copy.tsx';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/layout.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';
import { guideOf } from './guides.ts';
import { OperatorLines, SettingsForm } from './settings-form.tsx';
import { TestResult } from './test-result.tsx';

const ORIGINS: Record<Connection['origin'], string | undefined> = {
  none: undefined,
  file: 'by loom.yaml or the environment of the server; secrets are never shown',
  page: 'from this page; secrets are never shown',
};

export function SetUp({ connection }: { connection: Connection }) {
  const { name, title, webhookUrl, settings, lastEventAt, lastSuccessAt, origin } = connection;
  const isSet = connection.state !== 'off';
  const isHeard = lastEventAt !== null || lastSuccessAt !== null;
  const { before, deliver } = guideOf(name);
  return (
    <Panel title="Set up" note={isSet ? ORIGINS[origin] : 'in force at once, without a restart'}>
      <ol className="set-up">
        {before.length > 0 && !isSet && (
          <Step isDone={false} title={`Prepare ${title}`}>
            {before.map((text) => (
              <p key={text} className="soft small">
                {text}
              </p>
            ))}
          </Step>
        )}
        {settings.length > 0 && (
          <Step isDone={isSet} title="Settings">
            <Settings connection={connection} />
            <p className="quiet small">
              Explained in full in <code>{connection.documentation}</code>.
            </p>
          </Step>
        )}
        {webhookUrl !== null && (
          <Step isDone={lastEventAt !== null} title={`Let ${title} deliver here`}>
            {deliver !== undefined && <p className="soft small">{deliver}</p>}
            <span className="command">
              <span className="mono wrap-anywhere grow">{webhookUrl}</span>
              <Copy value={webhookUrl} label="Copy the address of the webhook" />
            </span>
          </Step>
        )}
        <Step
          isDone={isHeard}
          title={connection.capabilities.includes('knowledge') ? 'First reading' : 'First event'}
        >
          <p className="soft small">
            {isHeard ? (
              <>
                Last heard of <When at={lastEventAt ?? lastSuccessAt} />.
              </>
            ) : isSet ? (
              'Nothing yet; this page follows by itself.'
            ) : (
              'It begins by itself once the settings are there.'
            )}
          </p>
        </Step>
      </ol>
    </Panel>
  );
}

/** A form where settings can be given here, else what is in force. */
function Settings({ connection }: { connection: Connection }) {
  const [isChanging, setChanging] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [tested, setTested] = useState<ConnectionTest | null>(null);
  const mayManage = useMay('connections:manage');
  const client = useQueryClient();
  const { name, title, origin, settings } = connection;
  const takeBack = useMutation({
    mutationFn: () => takeSettingsBack(name),
    onSuccess: () => {
      setLeaving(false);
      return client.invalidateQueries({ queryKey: ['connections'] });
    },
  });
  const canGive = mayManage && origin !== 'file' && settings.some(({ isGivable }) => isGivable);
  // Systems that take tokens of ours work with nothing set: then the form waits until it is wanted.
  if (canGive && (isChanging || connection.state === 'off')) {
    const isOperators = settings.some(
      ({ path, isGivable }) => !isGivable && connection.missing?.includes(path) === true,
    );
    return (
      <div className="stack">
        {!isOperators && (
          <SettingsForm
            connection={connection}
            onSaved={(test) => {
              setTested(test);
              setChanging(false);
            }}
            {...(isChanging && { onCancel: () => setChanging(false) })}
          />
        )}
        <OperatorLines connection={connection} />
      </div>
    );
  }
  return (
    <div className="stack">
      {tested !== null && <TestResult result={tested} />}
      <dl className="set-up-settings">
        {settings.map(({ path, value, description }) => (
          <div key={path}>
            <dt>
              <code title={description}>{path}</code>
            </dt>
            <dd>
              {value === null ? (
                <span className="quiet">not set</span>
              ) : value === '[set]' ? (
                'set'
              ) : (
                <code className="wrap-anywhere">{value}</code>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {canGive && (
        <div className="row row-wrap">
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => {
              setTested(null);
              setChanging(true);
            }}
          >
            {origin === 'page' ? 'Change settings' : 'Give settings'}
          </Button>
          {origin === 'page' && (
            <Button variant="default" size="compact-sm" onClick={() => setLeaving(true)}>
              Take it down
            </Button>
          )}
        </div>
      )}
      <ConfirmDialog
        isOpen={isLeaving}
        onClose={() => setLeaving(false)}
        title={`Take ${title} down?`}
        action="Forget its settings"
        keep="Keep it"
        isDangerous
        work={takeBack}
        onConfirm={() => takeBack.mutate()}
      >
        Its settings and secrets are forgotten, and nothing is read from it or written to it any
        more. What was read stays.
      </ConfirmDialog>
    </div>
  );
}

function Step({
  isDone,
  title,
  children,
}: {
  isDone: boolean;
  title: string;
  children: ReactNode;
}) {
  return (
    <li className="set-up-step" data-done={isDone}>
      <span className="set-up-mark" data-tone={isDone ? 'good' : 'neutral'}>
        <Icon name={isDone ? 'check' : 'ready'} size={14} label={isDone ? 'done' : 'to do'} />
      </span>
      <div className="stack" style={{ '--gap': '8px' } as object}>
        <h3>{title}</h3>
        {children}
      </div>
    </li>
  );
}
