/** What settings say of places documents are read from: `PLACE=owner/name`, `PLACE=team`. */
import type { DocumentPlaces } from '#connectors/contract';
import { AppError } from '#kernel';
import { shown } from './entry.ts';

interface PlaceSettings {
  repositories: readonly string[];
  teams: readonly string[];
}

/** @throws AppError `config.invalid_value`. */
export function readDocumentPlaces(
  connector: string,
  known: readonly string[],
  { repositories, teams }: PlaceSettings,
): DocumentPlaces {
  const pairs = (setting: string, given: readonly string[]) =>
    given.map((text): [string, string] => {
      const at = text.lastIndexOf('=');
      const [place, value] = [text.slice(0, at), text.slice(at + 1)];
      if (at > 0 && value !== '' && known.includes(place)) return [place, value];
      throw new AppError('invalid', 'config.invalid_value', {
        message: `connectors.${connector}.${setting}: ${text.slice(0, 100)} names no place that is read.`,
        hint: `Write for example ${known[0] ?? 'PLACE'}=${setting === 'teams' ? 'payments' : 'acme/shop'}.`,
      });
    });
  const audience = new Map<string, string[]>();
  for (const [place, team] of pairs('teams', teams)) {
    audience.set(place, [...(audience.get(place) ?? []), team]);
  }
  return { repositories: new Map(pairs('repositories', repositories)), teams: audience };
}

export function shownPlaces(connector: string, { repositories, teams }: PlaceSettings) {
  return [
    shown(`connectors.${connector}.repositories`, repositories.join(', ') || undefined),
    shown(`connectors.${connector}.teams`, teams.join(', ') || undefined),
  ];
}
