/** Names for ids of people; an id stays an id where the caller may not read people. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import { shortId } from './format.ts';

export function usePersonName(): (id: string | null | undefined) => string {
  const people = useQuery({ ...queries.people(), retry: false, throwOnError: false });
  const nameOf = new Map(people.data?.items.map((person) => [person.id, person.name]));
  return (id) => (id === null || id === undefined ? '–' : (nameOf.get(id) ?? shortId(id)));
}
