/** The digest in words, and when it is due. Pure. */
import type { Digest } from './read-digest.ts';

const HOUR_MS = 3_600_000;

/** Plain text: a channel escapes and lays it out its own way. */
export function digestWords(digest: Digest, now: Date, baseUrl: string): string {
  const { shippedAlone, shippedAloneCount, reviewed, waiting, incidents } = digest;
  const more = shippedAloneCount - shippedAlone.length;
  const open = incidents.filter(({ state }) => state === 'open').length;
  return [
    `Shipped alone: ${shippedAloneCount}; landed after a review: ${reviewed}.`,
    ...shippedAlone.map(
      ({ repository, number, title }) =>
        `• ${repository}${number === null ? '' : `#${number}`} ${oneLine(title)}`,
    ),
    ...(more > 0 ? [`• and ${more} more`] : []),
    '',
    waiting.length === 0 ? 'Nothing waits for anybody.' : 'Waiting for a review:',
    ...waiting.map(
      ({ person, count, oldest }) =>
        `• ${oneLine(person)}: ${count}, the oldest for ${hours(now.getTime() - oldest.getTime())}`,
    ),
    '',
    incidents.length === 0
      ? 'No incidents.'
      : `Incidents: ${open} open, ${incidents.length - open} over.`,
    ...incidents.map(
      ({ title, severity, state, repository }) =>
        `• ${state}, ${severity}: ${oneLine(title)}${repository === null ? '' : ` (${repository})`}`,
    ),
    '',
    `Agents: ${digest.sessions} sessions, ${
      digest.spendUsd === null ? 'costs not told' : `$${digest.spendUsd.toFixed(2)}`
    }.`,
    baseUrl,
  ].join('\n');
}

function hours(ms: number): string {
  const whole = Math.floor(ms / HOUR_MS);
  return whole < 48 ? `${whole} h` : `${Math.floor(whole / 24)} days`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 120);
}

/**
 * The day (`2026-11-22`, of the zone) whose digest is due: from its time on, and for twelve hours, so that
 * a server that was away for a while still sends it and one that is new tells nothing of yesterday.
 */
export function dueDay(now: Date, at: string, zone: string): string | undefined {
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  // Counted as if the day began at that time.
  const shifted = new Date(now.getTime() - (hour * 60 + minute) * 60_000);
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
    })
      .formatToParts(shifted)
      .map(({ type, value }) => [type, value]),
  );
  if (Number(parts['hour']) >= 12) return undefined;
  return `${parts['year']}-${parts['month']}-${parts['day']}`;
}

/** `slack:#deploys` or `email:team@example.com=acme/shop`: where to, and of which repository alone. */
export function readChannel(text: string): { channel: string; repository: string | null } {
  const at = text.lastIndexOf('=');
  return at === -1
    ? { channel: text, repository: null }
    : { channel: text.slice(0, at), repository: text.slice(at + 1) };
}
