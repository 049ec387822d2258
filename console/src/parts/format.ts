/** How values read: numbers, spans of time, ids and event names. Pure; English only. */

const NUMBER = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 0 });
const FINE_PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : NUMBER.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? NUMBER.format(value) : COMPACT.format(value);
}

/** US dollars; small sums to the cent. */
export function money(usd: number): string {
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency: 'USD',
    maximumFractionDigits: usd >= 100 ? 0 : 2,
  }).format(usd);
}

/** `0.034` reads `3.4%`, `0.42` reads `42%`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return '–';
  return (share > 0 && share < 0.1 ? FINE_PERCENT : PERCENT).format(share);
}

/** `1 file`, `3 files`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${NUMBER.format(value)} ${value === 1 ? one : many}`;
}

/** `1 entry`, `3 entries`, from the word for many. */
export function counted(value: number, many: string): string {
  return plural(value, many.replace(/ies$/, 'y').replace(/s$/, ''), many);
}

/** `just now`, `4 min ago`, `in 2 h`, `3 d ago`, and a date beyond a month. */
export function ago(at: string, nowMs: number): string {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return '–';
  const deltaMs = nowMs - atMs;
  const span = Math.abs(deltaMs);
  if (span < 45_000) return deltaMs >= -20_000 ? 'just now' : 'in seconds';
  if (span > 30 * 86_400_000) return day(at);
  const text = duration(span);
  return deltaMs > 0 ? `${text} ago` : `in ${text}`;
}

/** The largest unit only: `45 s`, `12 min`, `3 h`, `5 d`. */
export function duration(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (spanMs < 950) return `${Math.max(0, Math.round(spanMs))} ms`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Hours as people say them: `seconds`, `40 min`, `3.5 h`, `2.1 d`. */
export function hours(value: number | null): string {
  if (value === null) return '–';
  if (value < 1 / 60) return 'seconds';
  if (value < 1) return `${Math.round(value * 60)} min`;
  if (value < 48) return `${value < 10 ? value.toFixed(1) : Math.round(value)} h`;
  return `${(value / 24).toFixed(1)} d`;
}

export function day(at: string): string {
  return new Date(at).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' });
}

/** Exact local time with its zone, for tooltips and records. */
export function exactTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? at
    : date.toLocaleString('en', {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
        timeZoneName: 'short',
      });
}

export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString('en', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

/** `chg_019…` has its difference at the end, a commit at the start. */
export function shortId(id: string): string {
  if (/^[0-9a-f]{40,64}$/.test(id)) return id.slice(0, 7);
  // Also within a longer name, such as `work-item:wrk_…`.
  return id.replaceAll(/\b([a-z]+)_[0-9a-f]{26}([0-9a-f]{6})\b/g, '$1_$2');
}

/** `.loom/policy.yaml@358ee67`: where a file was read, with the commit cut short. */
export function shortSource(source: string): string {
  return source.replace(/@([0-9a-f]{7})[0-9a-f]+$/, '@$1');
}

/** `role:approver` reads `role approver`; an address or a login stays as it is. */
export function whoInWords(who: string): string {
  return who === 'owners' ? 'its owners' : who.replace(/^(person|email):/, '').replace(':', ' ');
}

/** A commit's text without the block of `Key: value` lines at its end. */
export function withoutTrailers(text: string): string {
  const paragraphs = text.trimEnd().split(/\n{2,}/);
  const isTrailers = (paragraph: string) =>
    paragraph.split('\n').every((line) => /^[A-Z][A-Za-z-]+: \S/.test(line));
  return (isTrailers(paragraphs.at(-1) ?? '') ? paragraphs.slice(0, -1) : paragraphs).join('\n\n');
}

/** `change.opened` reads `Change opened`, `workItem` reads `Work item`. */
export function humanise(name: string): string {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[._-]+/g, ' ')
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
