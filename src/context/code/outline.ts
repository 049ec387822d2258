/** What a file of code declares, imports and names, as its reader hands it out. */
import { z } from 'zod';

export const Definition = z.object({
  name: z.string(),
  kind: z.string(),
  /** 1-based, inclusive. */
  startLine: z.number(),
  endLine: z.number(),
  /** The line that declares it, without its body. */
  signature: z.string(),
  /** Who may use it: other files, or its own file at its top; absent for what lies inside of something. */
  reach: z.enum(['exported', 'top']).optional(),
});
export type Definition = z.infer<typeof Definition>;

export const CodeOutline = z.object({
  definitions: z.array(Definition),
  /** As written: module names, paths, dotted names. */
  imports: z.array(z.string()),
  /** Names the text uses, without those it declares: for references to rare names. */
  uses: z.array(z.string()),
});
export type CodeOutline = z.infer<typeof CodeOutline>;

/** Raised when a reader finds more than before; blobs are then read again. */
export const OUTLINE_VERSION = 2;
export const MAX_CODE_BYTES = 400_000;
/** Longer lines are generated, and no person reads them. */
export const MAX_LINE_CHARACTERS = 20_000;
const MAX_DEFINITIONS = 500;
const MAX_IMPORTS = 300;
const MAX_USES = 600;
const MAX_SIGNATURE = 160;
/** Shorter names mean too much to mean anything. */
const MIN_NAME = 4;

/** Why a text is not worth reading as code; undefined when it is. */
export function whyUnreadable(text: string): string | undefined {
  if (text.length > MAX_CODE_BYTES) return 'code over 400 kB is known by its text only';
  let start = 0;
  for (;;) {
    const end = text.indexOf('\n', start);
    if ((end === -1 ? text.length : end) - start > MAX_LINE_CHARACTERS) {
      return 'code with a line over 20,000 characters is known by its text only';
    }
    if (end === -1) return undefined;
    start = end + 1;
  }
}

/** Brings what a tree gave into bounds, and adds the names the text uses. */
export function toOutline(
  text: string,
  found: { definitions: Omit<Definition, 'signature'>[]; imports: string[] },
): CodeOutline {
  const lines = text.split('\n');
  const definitions = found.definitions.slice(0, MAX_DEFINITIONS).map((definition) => ({
    ...definition,
    name: definition.name.slice(0, 200),
    signature: (lines[definition.startLine - 1] ?? '')
      .slice(0, 400)
      .trim()
      .replace(/\s*[{(:=]\s*$/, '')
      .slice(0, MAX_SIGNATURE),
  }));
  const own = new Set(definitions.map(({ name }) => name));
  const uses = new Set<string>();
  for (const [name] of text.matchAll(/[A-Za-z_]\w{3,60}/g)) {
    if (name.length < MIN_NAME || own.has(name)) continue;
    uses.add(name);
    if (uses.size >= MAX_USES) break;
  }
  const imports = [...new Set(found.imports.map((one) => one.slice(0, 500)))].slice(0, MAX_IMPORTS);
  return { definitions, imports, uses: [...uses] };
}
