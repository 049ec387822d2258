/** Turns a log line of JSON into one for people. Pure. */

interface LogLine {
  time?: string;
  level?: string;
  msg?: string;
  err?: { message?: string; stack?: string };
  [key: string]: unknown;
}

/** Time of day, level and sentence, then the particulars, then the stack of an error on its own lines. */
export function toReadableLine(json: string): string {
  let line: LogLine;
  try {
    line = JSON.parse(json) as LogLine;
  } catch {
    return json;
  }
  const { time = '', level = '', msg = '', err, ...rest } = line;
  const particulars = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const words = [time.slice(11, 23), level.toUpperCase().padEnd(5), msg, ...particulars];
  const stack = err === undefined ? [] : [err.stack ?? err.message ?? ''];
  return `${[words.filter((word) => word !== '').join(' '), ...stack].join('\n')}\n`;
}
