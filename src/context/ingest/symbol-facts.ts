/**
 * What files declare for others, as things of their own: who asks where a name is defined finds it, and
 * its signatures through time. What a file has within is in its outline only.
 */
import type { Definition } from '../code/index.ts';
import type { EntityRef, NewFact } from '../graph/schema.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import type { OutlinedFile } from './code-facts.ts';
import type { Draft, ViewedFile } from './repository-view.ts';
import type { Skipped } from './skipped.ts';

/** Of one file; a file of more is a catalogue, and what is beyond is found by text search. */
export const MAX_SYMBOLS_OF_FILE = 16;
/** Of one repository: an import writes a few rows for each. */
const MAX_SYMBOLS = 100_000;
/** Types say more of a file than its functions, and these more than its constants. */
const FIRST = ['class', 'interface', 'type', 'enum', 'module', 'function', 'method', 'macro'];

export const symbolRef = (file: EntityRef, name: string): EntityRef => ({
  kind: 'symbol',
  key: `${file.key}#${name}`,
});

/**
 * The names a file is known by: those it exports, or where it exports none, those at its top. Each once,
 * types first, then in their order in the file.
 */
export function symbolsOfFile(definitions: readonly Definition[]): {
  symbols: Definition[];
  leftOut: number;
} {
  const exported = definitions.filter(({ reach }) => reach === 'exported');
  const reached =
    exported.length > 0 ? exported : definitions.filter(({ reach }) => reach === 'top');
  const byName = new Map<string, Definition>();
  for (const one of reached) if (!byName.has(one.name)) byName.set(one.name, one);
  const rank = ({ kind }: Definition) => {
    const place = FIRST.indexOf(kind);
    return place === -1 ? FIRST.length : place;
  };
  const symbols = [...byName.values()].toSorted((a, b) => rank(a) - rank(b));
  return {
    symbols: symbols.slice(0, MAX_SYMBOLS_OF_FILE),
    leftOut: Math.max(0, symbols.length - MAX_SYMBOLS_OF_FILE),
  };
}

/** One draft per file of code that is no test. Its facts are made when somebody asks for them. */
export function symbolDrafts(files: readonly OutlinedFile[], skipped: Skipped): Draft[] {
  const drafts: Draft[] = [];
  let count = 0;
  // By birth, not by last change: who is beyond the bound stays beyond it from push to push.
  const ordered = files
    .filter(({ file }) => file.class !== 'test')
    .toSorted((a, b) => (a.file.ref.key < b.file.ref.key ? -1 : 1));
  for (const { file, language, outline } of ordered) {
    const { symbols, leftOut } = symbolsOfFile(outline.definitions);
    if (symbols.length === 0) continue;
    if (count + symbols.length > MAX_SYMBOLS) {
      skipped.add(`names beyond ${MAX_SYMBOLS} are found by search only`, file.path, true);
      continue;
    }
    if (leftOut > 0) {
      skipped.add(
        `files with over ${MAX_SYMBOLS_OF_FILE} exported names: the rest is found by search only`,
        file.path,
        true,
      );
    }
    count += symbols.length;
    drafts.push({
      object: `symbols:${file.ref.key}`,
      extractor: `symbols-${language}`,
      extractorVersion: 1,
      revision: file.blobSha,
      position: file.position,
      isOfBlob: true,
      // Tens of thousands of files stay as they were at a push; their facts are never asked for.
      get facts() {
        return symbols.map((symbol) => definesFact(file, symbol));
      },
    });
  }
  return drafts;
}

function definesFact(file: ViewedFile, symbol: Definition): NewFact {
  return {
    kind: 'defines',
    from: file.ref,
    to: symbolRef(file.ref, symbol.name),
    evidence: { path: file.path, startLine: symbol.startLine, endLine: symbol.endLine },
    properties: {
      title: symbol.name,
      type: symbol.kind,
      signature: maskSecrets(neutralise(symbol.signature)),
    },
  };
}
