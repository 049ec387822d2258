/**
 * Reads YAML by its syntax tree, so that every problem has a line, a column and, where a name is
 * nearly right, the right one. Anchors, aliases and tags are refused: a policy must say what it says
 * where it says it.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { suggest } from '#kernel';
import type { PolicyProblem } from './service.ts';

const MAX_DEPTH = 12;
const MAX_PROBLEMS = 50;

/** A place in the file: a node, and how to name it in a message. */
export interface Place {
  node: Node | null;
  path: string;
}

export interface Entry extends Place {
  key: string;
  keyNode: Node;
}

export interface YamlReader {
  readonly problems: PolicyProblem[];
  readonly root: Place;
  lineOf(place: Place): number;
  columnOf(place: Place): number;
  problem(place: Place, message: string, suggestion?: string): void;
  /** Entries of a mapping. With `known`, another key is a problem and is left out. */
  entries(place: Place, known?: readonly string[]): Entry[];
  items(place: Place): Place[];
  text(place: Place): string | undefined;
  /** One text or a list of texts. */
  texts(place: Place): { value: string; place: Place }[];
  integer(place: Place, least: number, most: number): number | undefined;
  flag(place: Place): boolean | undefined;
  /** A text out of a closed list. */
  oneOf<Name extends string>(place: Place, names: Iterable<Name>, what: string): Name | undefined;
  /** The same for a name that is only part of the text at the place. */
  isOneOf(place: Place, value: string, names: Iterable<string>, what: string): boolean;
}

export function createYamlReader(text: string, maxBytes: number): YamlReader {
  const problems: PolicyProblem[] = [];
  const lines = new LineCounter();
  const root: Place = { node: null, path: '' };

  function positionOf(place: Place): { line: number; col: number } {
    const offset = place.node?.range?.[0];
    return offset === undefined ? { line: 1, col: 1 } : lines.linePos(offset);
  }

  function problem(place: Place, message: string, suggestion?: string): void {
    const { line, col } = positionOf(place);
    report(line, col, place.path, message, suggestion);
  }

  function report(
    line: number,
    column: number,
    path: string,
    message: string,
    suggestion?: string,
  ): void {
    if (problems.length >= MAX_PROBLEMS) return;
    problems.push({ line, column, path, message, suggestion: suggestion ?? null });
  }

  function parse(): void {
    const size = Buffer.byteLength(text);
    if (size > maxBytes) {
      report(1, 1, '', `The file has ${size} bytes; at most ${maxBytes} are read`);
      return;
    }
    try {
      const document = parseDocument(text, {
        lineCounter: lines,
        prettyErrors: false,
        version: '1.2',
        merge: false,
        resolveKnownTags: false,
        uniqueKeys: true,
      });
      // The parser reports its own exhausted stack as one error per level.
      if (document.errors.some(({ message }) => message.includes('call stack'))) {
        throw new RangeError('nested too deeply');
      }
      for (const error of [...document.errors, ...document.warnings]) {
        const { line, col } = lines.linePos(error.pos[0]);
        report(line, col, '', wordsFor(error.code, error.message), hintFor(error.code));
      }
      root.node = document.contents;
      visit(document, {
        Node: (_key, node, ancestors) => {
          const place = { node, path: '' };
          if (isAlias(node) || (node as { anchor?: string }).anchor !== undefined) {
            problem(place, 'Anchors and aliases are not allowed', 'write the value out');
            return visit.BREAK;
          }
          if (ancestors.length > MAX_DEPTH * 2) {
            problem(place, `Nested deeper than ${MAX_DEPTH} levels`);
            return visit.BREAK;
          }
          return undefined;
        },
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      report(1, 1, '', `Nested deeper than ${MAX_DEPTH} levels`);
    }
  }

  function entries(place: Place, known?: readonly string[]): Entry[] {
    if (!isMap(place.node)) {
      if (place.node !== null && !isEmpty(place.node)) problem(place, 'Expected a mapping');
      return [];
    }
    const found: Entry[] = [];
    for (const pair of place.node.items) {
      const keyNode = pair.key as Node;
      const key = isScalar(keyNode) ? plainText(keyNode.value) : undefined;
      if (key === undefined) {
        problem({ node: keyNode, path: place.path }, 'A name must be plain text');
        continue;
      }
      const path = place.path === '' ? key : `${place.path}.${key}`;
      if (known !== undefined && !known.includes(key)) {
        const near = suggest(key, known);
        problem(
          { node: keyNode, path },
          `Unknown key ${key}; known here: ${known.join(', ')}`,
          near,
        );
        continue;
      }
      const value = pair.value as Node | null;
      // A value that is missing has no position of its own.
      found.push({ key, keyNode, path, node: value === null ? keyNode : value });
    }
    return found;
  }

  function items(place: Place): Place[] {
    if (!isSeq(place.node)) {
      if (place.node !== null && !isEmpty(place.node)) problem(place, 'Expected a list');
      return [];
    }
    return place.node.items.map((node, index) => ({
      node: node as Node,
      path: `${place.path}[${index}]`,
    }));
  }

  function readText(place: Place): string | undefined {
    if (isScalar(place.node) && typeof place.node.value === 'string') return place.node.value;
    if (isScalar(place.node) && typeof place.node.value === 'number') {
      return place.node.source ?? String(place.node.value);
    }
    problem(place, 'Expected text');
    return undefined;
  }

  function texts(place: Place): { value: string; place: Place }[] {
    const places = isSeq(place.node) ? items(place) : [place];
    return places.flatMap((each) => {
      const value = readText(each);
      return value === undefined ? [] : [{ value, place: each }];
    });
  }

  function integer(place: Place, least: number, most: number): number | undefined {
    const value = isScalar(place.node) ? place.node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    problem(place, `Expected a whole number from ${least} to ${most}`);
    return undefined;
  }

  function flag(place: Place): boolean | undefined {
    if (isScalar(place.node) && typeof place.node.value === 'boolean') return place.node.value;
    problem(place, 'Expected true or false');
    return undefined;
  }

  function oneOf<Name extends string>(
    place: Place,
    names: Iterable<Name>,
    what: string,
  ): Name | undefined {
    const value = readText(place);
    if (value === undefined) return undefined;
    const known = [...names];
    return isOneOf(place, value, known, what) ? known.find((name) => name === value) : undefined;
  }

  function isOneOf(place: Place, value: string, names: Iterable<string>, what: string): boolean {
    const known = [...names];
    if (known.includes(value)) return true;
    const shown = known.length > 12 ? [...known.slice(0, 12), '…'] : known;
    const list = known.length === 0 ? 'none is defined' : `known: ${shown.join(', ')}`;
    problem(place, `Unknown ${what} ${value}; ${list}`, suggest(value, known));
    return false;
  }

  parse();
  return {
    problems,
    root,
    lineOf: (place) => positionOf(place).line,
    columnOf: (place) => positionOf(place).col,
    problem,
    entries,
    items,
    text: readText,
    texts,
    integer,
    flag,
    oneOf,
    isOneOf,
  };
}

function plainText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function wordsFor(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'A tab is used for indentation';
  if (code === 'DUPLICATE_KEY') return 'The same key is given twice';
  if (code === 'MULTIPLE_DOCS') return 'The file holds more than one document';
  return message.split('\n')[0] ?? message;
}

function hintFor(code: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'DUPLICATE_KEY') return 'keep one of them';
  return undefined;
}
