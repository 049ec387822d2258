/**
 * Texts without what differs between two runs of the same thing: times, process ids, ports, durations,
 * addresses, temporary names, blanks. Two results that differ only there say the same. Pure.
 */

/** Longer texts are judged by their beginning and end; errors and summaries stand there. */
const HEAD = 3_000;
const TAIL = 3_000;

const NOISE: readonly (readonly [RegExp, string])[] = [
  // ANSI colours.
  // oxlint-disable-next-line no-control-regex
  [/\u001B\[[0-9;?]*[ -/]*[@-~]/g, ''],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  // As names of log files have it.
  [/\b\d{4}-\d\d-\d\dT\d\d[_.:-]\d\d[_.:-]\d\d\S*/g, '<time>'],
  [/\b\d{4}[-/]\d\d[-/]\d\d\b/g, '<date>'],
  [
    /\b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* +\d{1,2}(?:,? +\d{4})?(?=[ ,]|$)/gi,
    '<date>',
  ],
  [/\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[ap]m)?\b/gi, '<time>'],
  [/\b1[5-9]\d{8}(?:\d{3})?(?:\.\d+)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<address>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b/gi, '<hex>'],
  [/\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b/gi, '<duration>'],
  [/\b(pid|process|ppid|tid|thread|worker|job)([ =:#[(]*)\d+/gi, '$1$2<pid>'],
  [/\[\d+\](?=[ :])/g, '[<pid>]'],
  [/\b(port[ =:]*)\d{2,5}\b/gi, '$1<port>'],
  [/(localhost|\d{1,3}(?:\.\d{1,3}){3}|\]):\d{2,5}\b/g, '$1:<port>'],
  [/(?:\/private)?\/(?:tmp|var\/tmp|var\/folders)\/[^\s'"):,;]+/g, '<temp>'],
  [/\b(?:tmp|temp)[-_.][a-z0-9_.-]+/gi, '<temp>'],
];

/** The text as it would be in another run of the same. */
export function normaliseText(text: string): string {
  let short =
    text.length > HEAD + TAIL + 100 ? `${text.slice(0, HEAD)}\n<cut>\n${text.slice(-TAIL)}` : text;
  for (const [pattern, replacement] of NOISE) short = short.replace(pattern, replacement);
  return short.replaceAll(/\s+/g, ' ').trim();
}

/** Flags that change how much is said, never what is done. */
const COSMETIC_FLAG =
  /(?<=\s|^)(?:--?(?:v{1,4}|q|verbose|quiet|silent|debug|trace|progress|no-progress|color|colour|no-color|colors|no-fund|no-audit|no-pager|ansi|pretty|no-header|s)(?:=(?:\S*))?)+(?=\s|$)/g;
/** Programs to which `-v`, `-q` or `-s` mean something else. */
const STRICT_FLAGS = /^(?:grep|egrep|rg|sed|awk|sort|find|test|pgrep|docker|kubectl|diff|cmp)\b/;
/** What follows is compared as it is. */
const LONGEST_COMMAND = 4_000;
const COSMETIC_ENV =
  /^(?:(?:CI|FORCE_COLOR|NO_COLOR|CLICOLOR\w*|TERM|DEBUG|VERBOSE|LOG_LEVEL|PYTHONUNBUFFERED|COLUMNS)=\S*\s+)+/;

/**
 * A shell command without what changes nothing: comments, verbosity, colours, joined error output,
 * pipes that only cut, swallowed exit codes, waiting before it.
 */
export function normaliseCommand(whole: string): string {
  const command = whole.slice(0, LONGEST_COMMAND);
  const rest = whole.slice(LONGEST_COMMAND);
  const lines = command
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '$1').trim())
    .filter((line) => line !== '');
  const text = lines
    .join('\n')
    .replace(/^(?:bash|sh|zsh) -l?c (['"])([\s\S]*)\1$/, '$2')
    .replaceAll(/\d?>>?\s*\/(?:dev\/null|tmp\/\S+)/g, '')
    .replaceAll(/\s*(?:2>&1|\|&|&>\s*\S+)/g, ' ')
    .replaceAll(/^\s*(?:sleep\s+[\d.]+[smh]?\s*(?:&&|;)\s*)+/g, '')
    .replaceAll(/\|\s*(?:tail|head|less|more|cat|tee)\b[^|;&\n]*/g, '')
    .replaceAll(/;\s*echo\b[^;&|\n]*\$\?[^;&|\n]*/g, '')
    .replaceAll(/\|\|\s*(?:true|:|echo\b[^;&|\n]*)\s*$/g, '')
    .replaceAll(/\btimeout\s+(?:-\S+\s+)*[\d.]+[smh]?\s+/g, '');
  return text
    .split(/(&&|;|\|\|?|\n)/)
    .map((part) => {
      const plain = part.trim().replace(COSMETIC_ENV, '');
      return STRICT_FLAGS.test(plain) ? plain : plain.replaceAll(COSMETIC_FLAG, '');
    })
    .join(' ')
    .concat(rest === '' ? '' : ` …${hash(rest)}`)
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** A number for a text: 32 bits of FNV-1a. Equal texts, equal numbers; never 0. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value ^= text.charCodeAt(index);
    value = Math.imul(value, 0x01000193);
  }
  // Short texts that differ in their last letter are spread too.
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  value ^= value >>> 12;
  return value >>> 0 || 1;
}
