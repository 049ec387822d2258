/**
 * Paths as text. Git's paths are bytes: those that are not UTF-8, and those that would look quoted,
 * are written as git quotes them ("caf\351.txt"), so that every path has exactly one text.
 */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': QUOTE,
  '\\': BACKSLASH,
};

/** The text of a path git wrote with `-z`. */
export function decodePath(bytes: Buffer): string {
  if (bytes[0] !== QUOTE) {
    try {
      return decoder.decode(bytes);
    } catch {
      // Not UTF-8: quoted below.
    }
  }
  let text = '"';
  for (const byte of bytes) {
    if (byte === QUOTE || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `${text}"`;
}

/** The bytes of a path as `decodePath` wrote it. */
export function encodePath(text: string): Buffer {
  return isQuoted(text) ? unquote(text) : Buffer.from(text, 'utf8');
}

/** True when the path cannot be an argument: a process takes its arguments as text. */
export function isQuoted(text: string): boolean {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"');
}

/** Reads git's C-style quotes; text without them is taken as it is. */
export function readGitPath(text: string): string {
  return isQuoted(text) ? decodePath(unquote(text)) : text;
}

function unquote(text: string): Buffer {
  const inner = text.slice(1, -1);
  const bytes: Buffer[] = [];
  for (const [part] of inner.matchAll(/\\[0-7]{3}|\\.|[^\\]+/gsu)) {
    if (!part.startsWith('\\')) bytes.push(Buffer.from(part, 'utf8'));
    else if (part.length === 4) bytes.push(Buffer.from([Number.parseInt(part.slice(1), 8)]));
    else bytes.push(Buffer.from([SHORT[part.slice(1)] ?? part.charCodeAt(1)]));
  }
  return Buffer.concat(bytes);
}
