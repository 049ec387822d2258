/** Under which addresses and accounts a person is known, why they count as one, and a way to change that. */
import { Button, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type { KnownPerson } from '../../api/context-types.ts';
import { percent, plural } from '../../parts/format.ts';
import { Loading, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useMay } from '../../parts/rights.ts';
import { entityPage } from './context-pages.tsx';

interface Word {
  verb: 'merge' | 'split';
  a: string;
  b: string;
  because: string;
}

export function Identities({ identity }: { identity: string }) {
  const query = useQuery(contextQueries.person(identity));
  const mayCurate = useMay('context:curate');
  const client = useQueryClient();
  const say = useMutation({
    mutationFn: ({ verb, ...pair }: Word) => post(`/v1/graph/people/${verb}`, pair),
    onSuccess: (_, { verb }) => {
      notifications.show({
        title: verb === 'merge' ? 'Merged' : 'Split',
        message: 'Your word outweighs all other evidence.',
      });
      return client.invalidateQueries({ queryKey: ['graph'] });
    },
  });
  const person = query.data?.items[0];

  return (
    <Panel
      title="Identities"
      note={plural(person?.identities.length ?? 1, 'identity', 'identities')}
      flush
    >
      {query.data === undefined && query.error === null && <Loading rows={2} />}
      {query.error !== null && (
        <div className="panel-body">
          <Problem error={query.error} />
        </div>
      )}
      {query.data !== undefined && (
        <div className="panel-body stack">
          <ul className="stack" style={{ '--gap': '4px' } as object} aria-label="Identities">
            {(person?.identities ?? [{ id: identity, name: identity }]).map(({ id }) => (
              <li key={id} className="small wrap-anywhere">
                {id === identity ? (
                  <strong aria-current="true">{id}</strong>
                ) : (
                  <AppLink href={entityPage(`person:${id}`)}>{id}</AppLink>
                )}
              </li>
            ))}
          </ul>
          {person !== undefined && (
            <Evidence
              person={person}
              {...(mayCurate && {
                onSplit: (a: string, b: string) =>
                  say.mutate({
                    verb: 'split',
                    a,
                    b,
                    because: 'Said to be two people in the console.',
                  }),
              })}
            />
          )}
          {mayCurate && (
            <Merge
              isPending={say.isPending}
              onMerge={(other, because) =>
                say.mutate({ verb: 'merge', a: identity, b: other, because })
              }
            />
          )}
          {say.error !== null && <Problem error={say.error} />}
        </div>
      )}
    </Panel>
  );
}

function Evidence({
  person,
  onSplit,
}: {
  person: KnownPerson;
  onSplit?: (a: string, b: string) => void;
}) {
  return (
    <div>
      <h3 className="relation-heading" style={{ paddingInline: 0 }}>
        Why they are one person
      </h3>
      <ul className="stack" style={{ '--gap': '8px' } as object} aria-label="Evidence">
        {person.evidence.map(({ a, b, because, confidence, source }) => (
          <li key={`${a} ${b}`} className="row spread small" style={{ alignItems: 'flex-start' }}>
            <span className="wrap-anywhere">
              {because}{' '}
              <span className="quiet">
                ({percent(confidence)} sure, {source})
              </span>
              <br />
              <span className="quiet">
                {a} and {b}
              </span>
            </span>
            {onSplit !== undefined && (
              <Button
                size="compact-xs"
                variant="default"
                style={{ flex: 'none' }}
                aria-label={`Split ${a} from ${b}`}
                onClick={() => onSplit(a, b)}
              >
                Split
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Merge({
  isPending,
  onMerge,
}: {
  isPending: boolean;
  onMerge: (other: string, because: string) => void;
}) {
  const [other, setOther] = useState('');
  const [because, setBecause] = useState('');
  return (
    <form
      className="stack"
      style={{ '--gap': '8px' } as object}
      onSubmit={(event) => {
        event.preventDefault();
        onMerge(other.trim(), because.trim());
        setOther('');
        setBecause('');
      }}
    >
      <TextInput
        label="Also known as"
        placeholder="email:ada@example.org or github:ada"
        value={other}
        onChange={(event) => setOther(event.currentTarget.value)}
      />
      {other !== '' && (
        <TextInput
          label="Because"
          placeholder="How you know"
          required
          value={because}
          onChange={(event) => setBecause(event.currentTarget.value)}
        />
      )}
      <div>
        <Button
          type="submit"
          size="compact-sm"
          variant="default"
          loading={isPending}
          disabled={!/^(email|github):\S+$/.test(other.trim()) || because.trim() === ''}
        >
          Merge
        </Button>
      </div>
    </form>
  );
}
