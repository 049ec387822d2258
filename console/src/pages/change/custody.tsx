/** Whoever took part in making a change, by name: none of them can approve it. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import type { Person } from '../../api/types.ts';
import { shortId, whoInWords } from '../../parts/format.ts';
import { AppLink } from '../../parts/link.tsx';

function nameIn(people: readonly Person[], name: string): string {
  const id = name.replace(/^person:/, '');
  const known = people.find(
    (person) => person.id === id || person.identities.some((each) => each.toLowerCase() === name),
  );
  return known?.name ?? whoInWords(/^[a-z]+_[0-9a-f]{32}$/.test(id) ? shortId(id) : name);
}

export function Custody({ custody }: { custody: readonly string[] }) {
  const query = useQuery({ ...queries.people(), retry: false, throwOnError: false });
  const people = query.data?.items ?? [];
  const sessions = custody.filter((name) => name.startsWith('session:'));
  const others = custody.filter((name) => !name.startsWith('session:'));
  const names = [...new Set(others.map((name) => nameIn(people, name.toLowerCase())))];
  const parts: ReactNode[] = [
    ...names,
    ...sessions.map((name, index) => (
      <AppLink key={name} href={`/sessions/${name.slice('session:'.length)}`}>
        {sessions.length === 1 ? 'its session' : `session ${index + 1}`}
      </AppLink>
    )),
  ];
  if (parts.length === 0) return <>–</>;
  return (
    <span
      className="wrap-anywhere in-sentence"
      title="Whoever took part in making it can never approve it"
    >
      {parts.map((part, index) => (
        <span key={index}>
          {index > 0 && ', '}
          {part}
        </span>
      ))}
    </span>
  );
}
