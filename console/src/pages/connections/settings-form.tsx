/** Settings of a connector, given here and in force at once; then it is tested without being asked. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type Connection,
  type ConnectionSetting,
  type ConnectionTest,
  giveSettings,
  testConnection,
} from '../../api/connections.ts';
import { CommandLine } from '../../parts/copy.tsx';
import { Problem } from '../../parts/layout.tsx';
import { guideOf, lastOf } from './guides.ts';

export function SettingsForm({
  connection,
  onSaved,
  onCancel,
}: {
  connection: Connection;
  /** With what the system answered, where it can be asked. */
  onSaved: (test: ConnectionTest | null) => void;
  /** Where something is in force that is left as it is. */
  onCancel?: () => void;
}) {
  const { name, title, settings, canTest } = connection;
  const { fields } = guideOf(name);
  const [values, setValues] = useState(() =>
    Object.fromEntries(
      settings.map(({ path, value, isSecret }) => [path, isSecret ? '' : (value ?? '')]),
    ),
  );
  const client = useQueryClient();
  const give = useMutation({
    mutationFn: async (): Promise<ConnectionTest | null> => {
      const given = settings.flatMap(({ path, isGivable }): [string, string][] => {
        const value = values[path]?.trim() ?? '';
        return isGivable && value !== '' ? [[path, value]] : [];
      });
      const set = await giveSettings(name, Object.fromEntries(given));
      return set.canTest ? testConnection(name) : null;
    },
    onSuccess: onSaved,
    onSettled: () => client.invalidateQueries({ queryKey: ['connections'] }),
  });
  const isRequired = ({ path }: ConnectionSetting) => fields[lastOf(path)]?.isRequired === true;
  const givable = settings.filter(({ isGivable }) => isGivable);
  const isUsual = (setting: ConnectionSetting) =>
    isRequired(setting) || fields[lastOf(setting.path)]?.isUsual === true;
  const rest = givable.filter((setting) => !isUsual(setting));
  const isReady = givable.filter(isRequired).every(({ path }) => values[path]?.trim() !== '');
  const field = (setting: ConnectionSetting) => (
    <SettingField
      key={setting.path}
      setting={setting}
      label={fields[lastOf(setting.path)]?.label ?? lastOf(setting.path)}
      placeholder={fields[lastOf(setting.path)]?.placeholder ?? ''}
      isRequired={isRequired(setting)}
      value={values[setting.path] ?? ''}
      onChange={(value) => setValues({ ...values, [setting.path]: value })}
    />
  );
  return (
    <form
      className="stack set-up-form"
      aria-label={`Settings of ${title}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) give.mutate();
      }}
    >
      {givable.filter(isUsual).map(field)}
      {rest.length > 0 && rest.length < givable.length ? (
        <details>
          <summary className="small">Further settings ({rest.length})</summary>
          <div className="stack">{rest.map(field)}</div>
        </details>
      ) : (
        rest.map(field)
      )}
      {onCancel !== undefined && settings.some(({ isSecret }) => isSecret) && (
        <p className="quiet small">
          Secrets are typed anew: what was given before is forgotten as a whole.
        </p>
      )}
      <div className="row row-wrap">
        <Button type="submit" loading={give.isPending} disabled={!isReady}>
          {canTest || connection.state === 'off' ? 'Save and test' : 'Save'}
        </Button>
        {onCancel !== undefined && (
          <Button variant="default" onClick={onCancel}>
            Leave it as it is
          </Button>
        )}
      </div>
      {give.error !== null && <Problem error={give.error} />}
    </form>
  );
}

function SettingField({
  setting: { path, description, isSecret },
  label,
  placeholder,
  isRequired,
  value,
  onChange,
}: {
  setting: ConnectionSetting;
  label: string;
  placeholder: string;
  isRequired: boolean;
  value: string;
  onChange: (value: string) => void;
}) {
  const Input = isSecret ? PasswordInput : TextInput;
  return (
    <Input
      label={label}
      description={description}
      placeholder={placeholder}
      required={isRequired}
      autoComplete="off"
      spellCheck={false}
      name={path}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** What only whoever runs the server sets, as lines to be copied. */
export function OperatorLines({ connection: { name, settings } }: { connection: Connection }) {
  const { fields } = guideOf(name);
  const own = settings.filter(({ isGivable, environment }) => !isGivable && environment !== null);
  if (own.length === 0) return null;
  return (
    <div className="stack" style={{ '--gap': '6px' } as object}>
      <p className="soft small">
        What opens the server’s machine or network is set by whoever runs it, in{' '}
        <code>loom.yaml</code> or the environment, before a restart:
      </p>
      {own.map(({ path, environment, description }) => (
        <div key={path} className="stack" style={{ '--gap': '2px' } as object}>
          <CommandLine
            command={`${environment ?? path}=${fields[lastOf(path)]?.placeholder ?? '…'}`}
          />
          <span className="quiet small">{description}</span>
        </div>
      ))}
    </div>
  );
}
