/** What an agent hears of others at its task: the same work, and collisions it is part of. */
import { asLine } from '#context';
import type { Collision, SameWorkFound, Session } from '#orchestration';
import type { Services } from '../services.ts';

const MAX_LINE = 200;

/**
 * Text for the agent; empty when there is nothing to say. Never fails: a session must not wait for it.
 * @param task what it is asked to do; undefined when that is not known yet
 */
export async function tellNeighbours(
  { collisions, log }: Pick<Services, 'collisions' | 'log'>,
  session: Session,
  task: { title: string; text: string; keys: readonly string[] } | undefined,
): Promise<string> {
  if (session.repository === null) return '';
  try {
    const [same, alerts] = await Promise.all([
      task === undefined
        ? []
        : collisions.findSameWork({
            ...task,
            repository: session.repository,
            exceptSessionId: session.id,
            exceptWorkItemId: session.workItemId ?? undefined,
          }),
      collisions.takeAlerts(session.id),
    ]);
    return writeNeighbours(session, same, alerts);
  } catch (error) {
    log.warn({ err: error, sessionId: session.id }, 'neighbours left out of a hook answer');
    return '';
  }
}

/** Pure. */
export function writeNeighbours(
  session: Pick<Session, 'id'>,
  same: readonly SameWorkFound[],
  alerts: readonly Collision[],
): string {
  const lines = [
    ...(same.length === 0
      ? []
      : [
          'Somebody may be at this already; look before you start, and stop if it is the same:',
          ...same.map(
            ({ kind, id, title, by, since, why, url }) =>
              `- ${kind} ${id} "${oneLine(title)}" by ${oneLine(by)} since ${since.toISOString().slice(0, 16)}Z (${oneLine(why)})${url === null ? '' : ` ${oneLine(url)}`}`,
          ),
        ]),
    ...(alerts.length === 0
      ? []
      : [
          'Others touch what you touch:',
          ...alerts.map((alert) => {
            const other = alert.sides.find(({ id }) => id !== session.id) ?? alert.sides[1];
            const both = alert.sides.every(({ id }) => id !== session.id)
              ? `${alert.sides[0].id} and ${alert.sides[1].id}`
              : other.id;
            return `- ${alert.level}: ${both} "${oneLine(other.title)}" by ${oneLine(other.by)}; ${oneLine(alert.why)}. ${ADVICE[alert.level]}`;
          }),
        ]),
  ];
  return lines.join('\n');
}

const ADVICE: Readonly<Record<Collision['level'], string>> = {
  intent: 'A guess; go on, and mind those files.',
  path: 'Go on if your parts of the file are apart.',
  symbol: 'Check that your use fits the new declaration.',
  lines: 'Go on, and merge or rebase early.',
  merge: 'Rebase onto it, split the work, or wait for it.',
};

/** Words of other people stay one line, so that they cannot pose as instructions of ours. */
function oneLine(text: string): string {
  const line = asLine(text).replaceAll('"', "'");
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE - 3)}...` : line;
}
