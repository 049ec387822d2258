/**
 * What kind of work a change is, by its files. A change without production code is a class of its own:
 * the model of code says nothing about it, yet reverts hit configuration, builds and CI as well.
 */
import type { FileChange } from '#git';
import { kindOf } from './risk/index.ts';
import { tagsOfPath } from './tags.ts';

/** From the riskiest; a change is as risky as its riskiest file. */
export const CHANGE_CLASSES = ['code', 'operations', 'docs-and-tests'] as const;
export type ChangeClass = (typeof CHANGE_CLASSES)[number];

type TouchedFile = Pick<FileChange, 'path' | 'oldPath'> &
  Partial<Pick<FileChange, 'isSubmodule' | 'isSymlink'>>;

/** `code` for a change nobody can see. */
export function changeClassOf(files: readonly TouchedFile[]): ChangeClass {
  const found = new Set(files.flatMap(classesOf));
  return CHANGE_CLASSES.find((name) => found.has(name)) ?? 'code';
}

/** True as soon as one file is of that kind: more code beside it takes nothing away. */
export function touchesOperations(files: readonly TouchedFile[]): boolean {
  return files.some((file) => classesOf(file).includes('operations'));
}

function classesOf({ path, oldPath, isSubmodule, isSymlink }: TouchedFile): ChangeClass[] {
  const own = isSubmodule === true || isSymlink === true ? 'operations' : classOfPath(path);
  return oldPath === undefined ? [own] : [own, classOfPath(oldPath)];
}

function classOfPath(path: string): ChangeClass {
  const kind = kindOf(path);
  if (kind === 'source') return 'code';
  const tags = tagsOfPath(path);
  const isNearFree = tags.includes('docs') || tags.includes('tests');
  // What both ways of looking call harmless; a document that steers machines is none.
  return isNearFree && !tags.includes('code') && (kind === 'docs' || kind === 'test')
    ? 'docs-and-tests'
    : 'operations';
}
