/** Wall-clock times in time zones, with what the platform knows of zones. */
import type { Place, YamlReader } from './yaml-reader.ts';

const formats = new Map<string, Intl.DateTimeFormat | undefined>();
const MAX_FORMATS = 1_000;

/** Undefined when the platform does not know the zone. Made once per name: making one is slow. */
export function timeZoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(zone)) return formats.get(zone);
  const format = makeFormat(zone);
  if (formats.size < MAX_FORMATS) formats.set(zone, format);
  return format;
}

function makeFormat(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    return undefined;
  }
}

/** The zone's name where the platform knows it; else a problem with the nearest name. */
export function findZone(reader: YamlReader, place: Place): string | undefined {
  const name = reader.text(place);
  if (name === undefined || timeZoneFormat(name) !== undefined) return name;
  const last = name.toLowerCase().split('/').at(-1) ?? name;
  const near = Intl.supportedValuesOf('timeZone').find((known) =>
    known.toLowerCase().endsWith(last),
  );
  reader.problem(place, `Unknown time zone ${name}`, near ?? 'Europe/Berlin');
  return undefined;
}

/** `2026-12-18T00:00[:00]`; undefined when it is no such time. */
export function readLocalTime(text: string): Date | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?$/.exec(text);
  if (match === null) return undefined;
  const iso = `${match[1]}T${match[2] ?? '00:00'}${match[3] ?? ':00'}`;
  const date = new Date(`${iso}Z`);
  // The platform turns 30 February into 2 March; such a date is a mistake here.
  return Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso) ? undefined : date;
}

/** The moment at which clocks of the zone show `local` (its UTC fields). */
export function toMoment(local: Date, zone: string): Date {
  let moment = local.getTime();
  // Twice, because the offset may differ between the guess and the answer near a clock change.
  for (let round = 0; round < 2; round += 1) {
    moment = local.getTime() - offsetAt(moment, zone);
  }
  return new Date(moment);
}

/** What the clocks of the zone show at a moment, in the UTC fields. */
export function toLocal(moment: Date, zone: string): Date {
  return new Date(moment.getTime() + offsetAt(moment.getTime(), zone));
}

/** `Etc/GMT+12` and the like: every offset somebody lives at, the latest clock first. */
export const EVERY_OFFSET: readonly string[] = Array.from({ length: 27 }, (_, index) => {
  const hours = 14 - index;
  // The sign of these names is turned around.
  return hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
});

function offsetAt(moment: number, zone: string): number {
  const format = timeZoneFormat(zone) ?? timeZoneFormat('UTC')!;
  const parts = Object.fromEntries(
    format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
  );
  const shown = Date.UTC(
    parts['year'] ?? 0,
    (parts['month'] ?? 1) - 1,
    parts['day'],
    parts['hour'],
    parts['minute'],
    parts['second'],
  );
  return shown - Math.floor(moment / 1_000) * 1_000;
}
