/** A wall-clock time in a time zone as a moment, with what the platform knows of zones. */

/** Undefined when the platform does not know the zone. */
export function timeZoneFormat(zone: string): Intl.DateTimeFormat | undefined {
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
export function toMoment(local: Date, format: Intl.DateTimeFormat): Date {
  let moment = local.getTime();
  // Twice, because the offset may differ between the guess and the answer near a clock change.
  for (let round = 0; round < 2; round += 1) {
    moment = local.getTime() - offsetAt(moment, format);
  }
  return new Date(moment);
}

function offsetAt(moment: number, format: Intl.DateTimeFormat): number {
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
  return shown - moment;
}
