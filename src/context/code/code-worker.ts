/**
 * Reads code and long documents in a thread of its own, so that the server answers meanwhile. Grammars are WebAssembly and
 * are loaded when their language first comes up.
 */
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { Language as Grammar, Parser, Query } from 'web-tree-sitter';
import { type Language, QUERIES } from './languages.ts';
import { type CodeOutline, type Definition, toOutline, whyUnreadable } from './outline.ts';
import { reachOf } from './reach.ts';
import { type ReadDocument, readDocument } from '../documents.ts';

export type ReadRequest = { id: number; text: string } & (
  | {
      language: Language;
      /** Parsing longer than this is given up. */
      timeoutMs: number;
    }
  | { path: string }
);
type CodeRequest = Extract<ReadRequest, { language: Language }>;

export type ReadAnswer = { id: number } & (
  | { outline: CodeOutline }
  | { document: ReadDocument }
  /** Why it could not be read, in words a person is shown. */
  | { problem: string }
);

const resolve = createRequire(import.meta.url).resolve;
const GRAMMARS = join(dirname(resolve('@vscode/tree-sitter-wasm/package.json')), 'wasm');
const KOTLIN = join(
  dirname(resolve('@tree-sitter-grammars/tree-sitter-kotlin/package.json')),
  'tree-sitter-kotlin.wasm',
);

interface Reader {
  parser: Parser;
  query: Query;
}
const readers = new Map<Language, Promise<Reader>>();
let started: Promise<void> | undefined;

async function load(language: Language): Promise<Reader> {
  started ??= Parser.init();
  await started;
  const file = language === 'kotlin' ? KOTLIN : join(GRAMMARS, `tree-sitter-${language}.wasm`);
  const grammar = await Grammar.load(file);
  const parser = new Parser();
  parser.setLanguage(grammar);
  return { parser, query: new Query(grammar, QUERIES[language]) };
}

async function read({ id, language, text, timeoutMs }: CodeRequest): Promise<ReadAnswer> {
  const problem = whyUnreadable(text);
  if (problem !== undefined) return { id, problem };
  if (!readers.has(language)) readers.set(language, load(language));
  const { parser, query } = await readers.get(language)!;
  const deadline = performance.now() + timeoutMs;
  const isLate = () => performance.now() > deadline;
  const tree = parser.parse(text, null, { progressCallback: isLate });
  if (tree === null) {
    parser.reset();
    return { id, problem: 'code that took too long to parse is known by its text only' };
  }
  try {
    const definitions: Omit<Definition, 'signature'>[] = [];
    const imports = [];
    /** Exported apart from where they are declared, as `export { name }` does. */
    const exported = new Set<string>();
    for (const { name, node } of query.captures(tree.rootNode, { progressCallback: isLate })) {
      if (name === '_exported') exported.add(node.text);
      if (name.startsWith('_') || name === 'package') continue;
      if (name === 'import') {
        imports.push(node.text);
        continue;
      }
      const whole = node.parent ?? node;
      const reach = reachOf(language, node.text, name, whole);
      definitions.push({
        name: node.text,
        kind: name,
        startLine: whole.startPosition.row + 1,
        endLine: whole.endPosition.row + 1,
        ...(reach === undefined ? {} : { reach }),
      });
    }
    for (const one of definitions) {
      if (one.reach === 'top' && exported.has(one.name)) one.reach = 'exported';
    }
    return { id, outline: toOutline(text, { definitions, imports }) };
  } finally {
    tree.delete();
  }
}

async function readAny(request: ReadRequest): Promise<ReadAnswer> {
  if ('language' in request) return read(request);
  return { id: request.id, document: readDocument(request.path, request.text) };
}

async function answer(request: ReadRequest): Promise<void> {
  const reading = await readAny(request).catch((): ReadAnswer => ({
    id: request.id,
    problem: `${'path' in request ? 'documents' : 'code'} the parser failed on is known by its text only`,
  }));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
  parentPort?.postMessage(reading);
}

parentPort?.on('message', (request: ReadRequest) => {
  void answer(request);
});
