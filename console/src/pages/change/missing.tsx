/** What would let the change ship, and who can give it: by name, as far as the reader may know people. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Decision, Person } from '../../api/types.ts';
import { whoInWords } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';

const MAX_NAMES = 4;

export function Missing({
  missing,
  custody,
}: {
  missing: Decision['missing'];
  /** Who took part in the change: none of them can give anything. */
  custody: readonly string[];
}) {
  const people = useQuery({ ...queries.people(), retry: false, throwOnError: false });
  const others = (people.data?.items ?? []).filter((person) => !isInCustody(person, custody));
  return (
    <ul className="missing">
      {missing.map((item, index) => {
        const sources = item.who.length === 0 ? ['role:approver'] : item.who;
        const names = [
          ...new Set(sources.flatMap((who) => others.filter((each) => isFrom(each, who)))),
        ].map(({ name }) => name);
        const unsaid = item.who.map(whoInWords).filter((who) => !item.what.includes(who));
        return (
          <li key={index}>
            <Icon name="waiting" size={14} />
            <span>
              {item.what}
              {unsaid.length > 0 && (
                <span className="quiet"> · can be given by {unsaid.join(', ')}</span>
              )}
              {names.length > 0 && (
                <span className="missing-people">
                  <Icon name="people" size={13} />
                  {names.slice(0, MAX_NAMES).join(', ')}
                  {names.length > MAX_NAMES && ` and ${names.length - MAX_NAMES} more`}
                </span>
              )}
              {names.length === 0 && people.data !== undefined && isAboutPeople(item.who) && (
                <span className="missing-people" data-tone="warn">
                  <Icon name="alert" size={13} />
                  Nobody here can give it yet: whoever made a change never approves it.
                </span>
              )}
            </span>
            <code className="quiet">{item.rule}</code>
          </li>
        );
      })}
    </ul>
  );
}

/** Only where roles and teams say who it is; owners and experts are known to the server alone. */
function isAboutPeople(who: readonly string[]): boolean {
  return who.length > 0 && who.every((each) => /^(role|team):/.test(each));
}

function isFrom({ roles, teams, identities, id }: Person, who: string): boolean {
  const [kind, name = ''] = who.split(':');
  if (kind === 'role') return (roles as string[]).includes(name) || teams.includes(name);
  if (kind === 'team') return teams.includes(name);
  return [id, ...identities].includes(who) || [id, ...identities].includes(name);
}

function isInCustody({ id, identities }: Person, custody: readonly string[]): boolean {
  const own = new Set([id, `person:${id}`, ...identities].map((name) => name.toLowerCase()));
  return custody.some((name) => own.has(name.toLowerCase()));
}
