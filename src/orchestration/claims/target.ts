/** What can be claimed: paths, globs, definitions, resources, issues, intents. One spelling of each. Pure. */
import { AppError } from '#kernel';
import picomatch from 'picomatch';
import { z } from 'zod';
import type { Claim } from '../schema.ts';
import { covers, normalisePath, outermost, overlaps } from './path.ts';

export const RESOURCE_KINDS = ['port', 'database', 'environment', 'migration', 'named'] as const;

const MAX_TARGETS = 200;
const MAX_NAME = 500;

/** What is claimed, within its scope. `path` and `detail` together name one thing of a kind. */
export interface Target {
  kind: Claim['kind'];
  /** Path, fixed folder of a glob, file of a symbol, `port:3000` of a resource, key of an issue. */
  path: string;
  /** Pattern of a glob, definition of a symbol, else empty. */
  detail: string;
}

/** Scope of what belongs to no single repository. It sorts before every name of a repository. */
export const EVERYWHERE = '*';

/** A claim on these is one over the whole organisation: two repositories may share a database. */
const SHARED_RESOURCES = /^(port|database):/;

/**
 * Reads a target as people and agents write it: `src/pay/`, `src/**` + `/*.sql`, `src/pay.ts#refund`,
 * `port:3000`, `database:shop`, `environment:staging`, `migration:0061`, `named:release`,
 * `issue:acme/shop#12`.
 * @throws AppError `claims.bad_path`, `claims.bad_target`.
 */
export function parseTarget(text: string): Target {
  const named = /^([a-z]+):(.*)$/s.exec(text);
  const word = named?.[1] ?? '';
  const name = named?.[2]?.trim() ?? '';
  if (word === 'issue') return issueTarget(name);
  if ((RESOURCE_KINDS as readonly string[]).includes(word)) return resourceTarget(word, name);
  const hash = text.lastIndexOf('#');
  if (hash > 0) return symbolTarget(text.slice(0, hash), text.slice(hash + 1));
  return text.includes('*') ? globTarget(text) : pathTarget(text);
}

/** A path exactly as git names it, whatever characters it has. @throws AppError `claims.bad_path`. */
export function pathTarget(path: string): Target {
  return { kind: 'path', path: normalisePath(path), detail: '' };
}

/** A definition in a file, by its dotted name: `Cart.total`. */
export function symbolTarget(file: string, definition: string): Target {
  const path = normalisePath(file);
  const detail = definition.trim().replaceAll('::', '.').replaceAll('()', '');
  if (path.endsWith('/') || detail === '' || detail.length > MAX_NAME) {
    throw badTarget(`${file}#${definition}`, 'names no definition in a file');
  }
  return { kind: 'symbol', path, detail };
}

/** An issue by the key its source gives it; upper and lower case are one. */
export function issueTarget(key: string): Target {
  if (key === '' || key.length > MAX_NAME) throw badTarget(`issue:${key}`, 'names no issue');
  return { kind: 'issue', path: key.toLowerCase(), detail: '' };
}

function resourceTarget(word: string, name: string): Target {
  if (name === '' || name.length > MAX_NAME || name.includes('\0')) {
    throw badTarget(`${word}:${name}`, 'names no resource');
  }
  return { kind: 'resource', path: `${word}:${name}`, detail: '' };
}

function globTarget(pattern: string): Target {
  // Its own spelling rules are those of paths, so the stars are taken for names here.
  const clean = normalisePath(pattern);
  const segments = clean.split('/');
  const wild = segments.findIndex((segment) => /[*?[{]/.test(segment));
  const fixed = segments.slice(0, wild).join('/');
  return { kind: 'glob', path: fixed === '' ? '/' : `${fixed}/`, detail: clean };
}

/**
 * The targets of one request in one total order, each once, without paths a folder among them holds.
 * @throws AppError `claims.too_many_paths`.
 */
export function normaliseTargets(targets: readonly Target[]): Target[] {
  if (targets.length === 0 || targets.length > MAX_TARGETS) {
    throw new AppError('invalid', 'claims.too_many_paths', {
      message: `A claim names 1 to ${MAX_TARGETS} targets; this one names ${targets.length}.`,
      hint: 'Claim a folder (with a closing slash) instead of each file in it.',
    });
  }
  const paths = targets.filter(({ kind }) => kind === 'path').map(({ path }) => path);
  const others = targets.filter(({ kind }) => kind !== 'path');
  const whole = outermost(paths).map((path): Target => ({ kind: 'path', path, detail: '' }));
  const unique = new Map([...whole, ...others].map((target) => [keyOf(target), target]));
  return [...unique.values()].sort(compareTargets);
}

/** Where a target is unique: its repository, or everywhere. */
export function scopeOf(target: Target, repository: string): string {
  if (target.kind === 'issue') return EVERYWHERE;
  const isShared = target.kind === 'resource' && SHARED_RESOURCES.test(target.path);
  return isShared ? EVERYWHERE : repository;
}

/** As people write it; `parseTarget` reads it back. */
export function describeTarget({ kind, path, detail }: Target): string {
  switch (kind) {
    case 'path':
    case 'resource':
      return path;
    case 'glob':
      return detail;
    case 'symbol':
      return `${path}#${detail}`;
    case 'issue':
      return `issue:${path}`;
    case 'intent':
      return 'intent';
  }
}

const FILE_KINDS = new Set<Target['kind']>(['path', 'glob', 'symbol']);

/** Whether it is about files, so that folders and patterns matter. */
export function isAboutFiles({ kind }: Pick<Target, 'kind'>): boolean {
  return FILE_KINDS.has(kind);
}

/** Whether two targets of one scope have something in common. When in doubt about patterns: yes. */
export function meets(a: Target, b: Target): boolean {
  if (a.kind === 'intent' || b.kind === 'intent') return false;
  if (!isAboutFiles(a) || !isAboutFiles(b)) return a.kind === b.kind && a.path === b.path;
  if (a.kind === 'symbol' && b.kind === 'symbol') {
    return a.path === b.path && (isWithin(a.detail, b.detail) || isWithin(b.detail, a.detail));
  }
  if (a.kind === 'glob') return globMeets(a, b);
  if (b.kind === 'glob') return globMeets(b, a);
  return overlaps(a.path, b.path);
}

/** Whether who holds `holder` holds `wanted` with it. */
export function includes(holder: Target, wanted: Target): boolean {
  if (keyOf(holder) === keyOf(wanted)) return true;
  if (!isAboutFiles(holder) || !isAboutFiles(wanted) || wanted.kind === 'glob') {
    return holder.kind === 'path' && wanted.kind === 'glob' && covers(holder.path, wanted.path);
  }
  if (holder.kind === 'path') return covers(holder.path, wanted.path);
  if (holder.kind === 'glob') return matches(holder.detail, wanted.path);
  return (
    wanted.kind === 'symbol' &&
    holder.path === wanted.path &&
    isWithin(wanted.detail, holder.detail)
  );
}

/** Whether two claims of different sessions cannot stand beside each other. */
export function conflicts(
  a: Target & { strength: Claim['strength'] },
  b: Target & { strength: Claim['strength'] },
): boolean {
  if (!meets(a, b)) return false;
  // Who declared a definition leaves the rest of the file to others, as long as those share it too.
  return a.strength === 'exclusive' && b.strength === 'exclusive'
    ? true
    : (a.strength === 'exclusive' || b.strength === 'exclusive') && !isDefinitionBesideShared(a, b);
}

function isDefinitionBesideShared(
  a: Target & { strength: Claim['strength'] },
  b: Target & { strength: Claim['strength'] },
): boolean {
  const [symbol, other] = a.kind === 'symbol' ? [a, b] : [b, a];
  return symbol.kind === 'symbol' && other.kind !== 'symbol' && other.strength === 'shared';
}

const STRENGTHS = ['intent', 'path', 'glob', 'symbol', 'resource', 'issue'];

/** Strength of a claim for lists and answers: a word about the work is least, an exclusive hold most. */
export function rankOf({ kind, strength }: Pick<Claim, 'kind' | 'strength'>): number {
  return STRENGTHS.indexOf(kind) + (strength === 'exclusive' ? STRENGTHS.length : 0);
}

/** What tells targets of one scope apart. */
export function keyOf({ kind, path, detail }: Target): string {
  return `${kind}\0${path}\0${detail}`;
}

function compareTargets(a: Target, b: Target): number {
  const [x, y] = [keyOf(a), keyOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`);
}

function globMeets(glob: Target, other: Target): boolean {
  if (!overlaps(glob.path, other.path)) return false;
  const isFile = other.kind === 'symbol' || (other.kind === 'path' && !other.path.endsWith('/'));
  return !isFile || matches(glob.detail, other.path);
}

function matches(pattern: string, path: string): boolean {
  return picomatch.isMatch(path, pattern, { dot: true });
}

function badTarget(target: string, why: string): AppError {
  return new AppError('invalid', 'claims.bad_target', {
    message: `${JSON.stringify(target.slice(0, 200))} ${why}.`,
    hint: 'Write `src/pay/`, `db/*.sql`, `src/pay.ts#refund`, `port:3000` or `issue:acme/shop#12`.',
  });
}

/** How targets are written in requests. */
export const TargetText = z.string().min(1).max(1_000);
