/**
 * The shipped model: one curve per factor over the factor's percentile within a repository, learned
 * from the history of public repositories by scripts/train-risk.ts. docs/model-cards/risk.md says on
 * which, how well it judges and what it must not be used for.
 */
import { readFileSync } from 'node:fs';
import { FACTOR_NAMES } from './factors.ts';

export interface RiskModel {
  version: string;
  /** Names, in the order of `curves` and `reference`. */
  factors: readonly string[];
  trainedOn: readonly string[];
  /** Log odds of a change all of whose curves are at zero. */
  base: number;
  /** By factor, in the order of `factors`: the log odds added in each of BINS equal steps of percentile. */
  curves: readonly (readonly number[])[];
  /** By factor: sorted raw values over all repositories, for a repository that has no past yet. */
  reference: readonly (readonly number[])[];
  /** Share of defects known after so many days, for judging changes that are not ripe yet. */
  discovery: { days: readonly number[]; share: readonly number[] };
  /** Share of defects at or below a log odds, for a repository with too few defects of its own. */
  slip: SlipCurve;
}

/** Expected share of defects among changes whose log odds are at most `logits[i]`; both rise. */
export interface SlipCurve {
  logits: readonly number[];
  shares: readonly number[];
}

export const BINS = 32;

interface ModelFile {
  version: string;
  factors: readonly string[];
  discovery: RiskModel['discovery'];
  reference: readonly (readonly number[])[];
  full: Variant;
  /** Models that never saw the repository they are named after. */
  without: Readonly<Record<string, Variant>>;
}

interface Variant {
  trainedOn: readonly string[];
  base: number;
  curves: readonly (readonly number[])[];
  slip: SlipCurve;
}

/** The version that judges; the older ones are kept to draw the curves of the verdicts they made. */
export const CURRENT_MODEL = 'risk-2';
const VERSIONS = new Set(['risk-1', CURRENT_MODEL]);
const files = new Map<string, ModelFile>();

export function modelFile(version: string): URL {
  return new URL(`./models/${version}.json`, import.meta.url);
}

function readModel(version: string): ModelFile {
  let file = files.get(version);
  if (file === undefined) {
    file = JSON.parse(readFileSync(modelFile(version), 'utf8')) as ModelFile;
    files.set(version, file);
  }
  return file;
}

/**
 * The model for a repository. `owner__name` or `owner/name` of a repository it was trained on gets the
 * variant that left that repository out, so that no figure about it is flattered.
 */
export function loadRiskModel(repository?: string): RiskModel {
  const file = readModel(CURRENT_MODEL);
  if (file.factors.join() !== FACTOR_NAMES.join())
    throw new Error('The risk model was trained for other factors.');
  return variantOf(file, repository);
}

/** The model that made a verdict, to draw its curves; undefined for one that is not shipped any more. */
export function findRiskModel(version: string, repository: string): RiskModel | undefined {
  return VERSIONS.has(version) ? variantOf(readModel(version), repository) : undefined;
}

function variantOf(file: ModelFile, repository: string | undefined): RiskModel {
  const { version, factors, discovery, reference, full, without } = file;
  const name = repository?.replace('/', '__');
  const variant = (name === undefined ? undefined : without[name]) ?? full;
  return { version, factors, discovery, reference, ...variant };
}

export function binOf(percentile: number): number {
  return Math.min(BINS - 1, Math.floor(percentile * BINS));
}

/** A curve between the middles of its bins, so that close percentiles get close log odds. */
export function curveAt(curve: readonly number[], percentile: number): number {
  const place = Math.min(BINS - 1, Math.max(0, percentile * BINS - 0.5));
  const bin = Math.floor(place);
  const next = Math.min(BINS - 1, bin + 1);
  return curve[bin]! + (place - bin) * (curve[next]! - curve[bin]!);
}

/** Share of the defects of changes `ageDays` old that are known by now, 0 to 1. */
export function discoveredShare({ days, share }: RiskModel['discovery'], ageDays: number): number {
  const last = days.length - 1;
  if (ageDays >= days[last]!) return 1;
  let step = 0;
  while (days[step + 1]! <= ageDays) step += 1;
  const part = (ageDays - days[step]!) / (days[step + 1]! - days[step]!);
  return share[step]! + part * (share[step + 1]! - share[step]!);
}
