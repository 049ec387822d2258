/** The way to a working connection, step by step; what is done is ticked off. */
import type { ReactNode } from 'react';
import type { Connection } from '../../api/connections.ts';
import { CommandLine, Copy } from '../../parts/copy.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

export function SetUp({ connection }: { connection: Connection }) {
  const { name, missing, webhookUrl, settings, lastEventAt, lastSuccessAt, canTest } = connection;
  const isSet = connection.state !== 'off';
  const isHeard = lastEventAt !== null || lastSuccessAt !== null;
  return (
    <Panel
      title="Set up"
      note={isSet ? 'the settings in force; secrets are never shown' : (missing ?? undefined)}
    >
      <ol className="set-up">
        <Step isDone={isSet} title="Settings in loom.yaml or the environment">
          {settings.length === 0 ? (
            <p className="soft small">It needs none.</p>
          ) : (
            <dl className="set-up-settings">
              {settings.map(({ path, value }) => (
                <div key={path}>
                  <dt>
                    <code>{path}</code>
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
          )}
          <p className="quiet small">
            Every setting is explained in <code>{connection.documentation}</code>; a secret may be
            named by <code>env:</code> or <code>file:</code>.
          </p>
        </Step>
        {webhookUrl !== null && (
          <Step isDone={lastEventAt !== null} title={`Let ${connection.title} deliver here`}>
            <span className="command">
              <span className="mono wrap-anywhere grow">{webhookUrl}</span>
              <Copy value={webhookUrl} label="Copy the address of the webhook" />
            </span>
          </Step>
        )}
        <Step isDone={isHeard} title={canTest ? 'Try it' : 'Wait for its first event'}>
          {isHeard ? (
            <p className="soft small">
              Last heard of <When at={lastEventAt ?? lastSuccessAt} />.
            </p>
          ) : (
            canTest && <CommandLine command={`loom connections test ${name}`} />
          )}
        </Step>
      </ol>
    </Panel>
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
