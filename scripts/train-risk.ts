/**
 * Trains the shipped risk model: node scripts/train-risk.ts FOLDER [FOLDER…]
 * Each folder holds NAME.changes.jsonl.gz and NAME.labels.jsonl.gz of public repositories, in the form
 * docs/model-cards/risk.md describes. Writes the current version below src/policy/risk/models: the model of all
 * repositories, and one that left out each. The same data gives the same bytes.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ChangeRecord, readRecords, toRiskChange } from '../src/insights/backtest/records.ts';
import { FACTOR_COUNT, FACTOR_NAMES, FACTORS } from '../src/policy/risk/factors.ts';
import { createRiskHistory } from '../src/policy/risk/history.ts';
import { BINS, binOf, CURRENT_MODEL, curveAt, modelFile } from '../src/policy/risk/model.ts';
import { percentileIn, sampleColumns } from '../src/policy/risk/percentile.ts';
import { boostCurves, type Curves } from './risk-curves.ts';

const Label = z.object({
  i: z.int(),
  el: z.literal([0, 1]),
  y: z.literal([0, 1]),
  known: z.number(),
});

interface Example {
  values: Float64Array;
  bins: Uint8Array;
  percentiles: Float64Array;
  isDefective: boolean;
  daysToFind: number | null;
}

interface Repository {
  name: string;
  examples: Example[];
}

/** Repositories count alike, but a long history still says more than a short one. */
const USUAL_CHANGES = 2_500;
const WINDOW = 4_000;
const REFRESH = 100;
const WARM_UP = 100;
const REFERENCE_POINTS = 64;
const DISCOVERY_DAYS = [0, 7, 14, 30, 60, 90, 120, 180, 240, 300, 365];
const SLIP_POINTS = 200;
const DAY_SECONDS = 86_400;

/** Replays one history: every label becomes visible only when it was really found. */
async function readRepository(folder: string, name: string): Promise<Repository> {
  const changes = await readRecords(join(folder, `${name}.changes.jsonl.gz`), ChangeRecord);
  const labels = await readRecords(join(folder, `${name}.labels.jsonl.gz`), Label);
  const found = labels
    .filter(({ y, known }) => y === 1 && known > 0)
    .sort((a, b) => a.known - b.known);
  const history = createRiskHistory();
  const past: Float64Array[] = [];
  const examples: Example[] = [];
  let columns: Float64Array[] = [];
  let told = 0;
  for (const record of changes) {
    for (; told < found.length && found[told]!.known < record.t; told += 1)
      history.defect(found[told]!.i, found[told]!.known);
    const { el, y, known } = labels[record.i]!;
    const change = toRiskChange(record, el === 1);
    if (el === 1) {
      const values = history.measure(change);
      if (past.length >= WARM_UP) {
        if (past.length % REFRESH === 0) columns = sampleColumns(past.slice(-WINDOW), FACTOR_COUNT);
        const percentiles = Float64Array.from(columns, (column, factor) =>
          percentileIn(column, values[factor]!),
        );
        examples.push({
          values,
          percentiles,
          bins: Uint8Array.from(percentiles, binOf),
          isDefective: y === 1,
          daysToFind: y === 1 && known > 0 ? (known - record.t) / DAY_SECONDS : null,
        });
      }
      past.push(values);
    }
    history.land(change);
  }
  return { name, examples };
}

const OF_CONTENT = FACTORS.map(({ group }) => group === 'content');
const FIRST_CONTENT = OF_CONTENT.indexOf(true);
/** Far fewer curves, over what the others leave. */
const CONTENT_ROUNDS = 200;

const hasContent = ({ values }: Example) => !Number.isNaN(values[FIRST_CONTENT]!);

/**
 * First the curves of what every record tells; then, of the changes whose patch is known, the curves of
 * content over what is left. A content curve is zero in the middle, where an unknown value is placed, so
 * a change without its patch is judged by the first curves alone.
 */
function train(repositories: readonly Repository[]): Curves {
  const rows = repositories.flatMap(({ examples }) =>
    examples.map((example) => ({ example, weight: Math.sqrt(USUAL_CHANGES / examples.length) })),
  );
  const first = boost(rows, false);
  const flat = first.curves.map((curve) => [...curve]);
  const known = rows.filter(({ example }) => hasContent(example));
  const second = boost(
    known,
    true,
    Float64Array.from(known, ({ example }) =>
      flat.reduce(
        (sum, curve, factor) => sum + curveAt(curve, example.percentiles[factor]!),
        first.base,
      ),
    ),
  );
  for (const curve of second.curves) {
    const middle = curveAt([...curve], 0.5);
    curve.forEach((value, bin) => (curve[bin] = value - middle));
  }
  return { base: first.base, curves: [...first.curves, ...second.curves] };
}

function boost(
  rows: readonly { example: Example; weight: number }[],
  isOfContent: boolean,
  onto?: Float64Array,
): Curves {
  const bins = FACTOR_NAMES.flatMap((_, factor) =>
    OF_CONTENT[factor] === isOfContent
      ? [Uint8Array.from(rows, ({ example }) => example.bins[factor]!)]
      : [],
  );
  return boostCurves(
    bins,
    Float64Array.from(rows, ({ example }) => (example.isDefective ? 1 : 0)),
    Float64Array.from(rows, ({ weight }) => weight),
    onto === undefined ? {} : { onto, rounds: CONTENT_ROUNDS },
  );
}

/** Mean over the repositories of the share of their defects at or below each log odds. */
function slipOf(repositories: readonly Repository[], { base, curves }: Curves) {
  const shapes = curves.map((curve) => [...curve]);
  const logitOf = ({ percentiles }: Example) =>
    shapes.reduce((sum, curve, factor) => sum + curveAt(curve, percentiles[factor]!), base);
  const defects = repositories.map(({ examples }) =>
    Float64Array.from(
      examples.filter(({ isDefective }) => isDefective),
      logitOf,
    ).sort(),
  );
  const all = Float64Array.from(
    repositories.flatMap(({ examples }) => examples.map(logitOf)),
  ).sort();
  const logits = Array.from(
    { length: SLIP_POINTS },
    (_, k) => all[Math.floor(((k + 0.5) * all.length) / SLIP_POINTS)]!,
  );
  const shares = logits.map(
    (logit) =>
      defects.reduce(
        (sum, own) => sum + own.filter((each) => each <= logit).length / Math.max(1, own.length),
        0,
      ) / defects.length,
  );
  return { logits: logits.map(round), shares: shares.map(round) };
}

function variant(repositories: readonly Repository[]) {
  const curves = train(repositories);
  const flat = {
    base: round(curves.base),
    curves: curves.curves.map((curve) => Float64Array.from(curve, round)),
  };
  return {
    trainedOn: repositories.map(({ name }) => name),
    base: flat.base,
    curves: flat.curves.map((curve) => [...curve]),
    slip: slipOf(repositories, flat),
  };
}

function discoveryOf(repositories: readonly Repository[]) {
  const days = repositories
    .flatMap(({ examples }) => examples.flatMap(({ daysToFind }) => daysToFind ?? []))
    .sort((a, b) => a - b);
  return {
    days: DISCOVERY_DAYS,
    share: DISCOVERY_DAYS.map((limit, k) =>
      k === DISCOVERY_DAYS.length - 1
        ? 1
        : round(days.filter((each) => each <= limit).length / days.length),
    ),
  };
}

function referenceOf(repositories: readonly Repository[]) {
  return FACTOR_NAMES.map((_, factor) => {
    const values = repositories.flatMap(({ examples }) =>
      sampleColumns(
        examples.map((example) => Float64Array.of(example.values[factor]!)),
        1,
      ).flatMap((column) => [...column]),
    );
    const sorted = Float64Array.from(values).sort();
    if (sorted.length === 0) return [];
    return Array.from({ length: REFERENCE_POINTS }, (__, k) =>
      round(sorted[Math.floor(((k + 0.5) * sorted.length) / REFERENCE_POINTS)]!),
    );
  });
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('Usage: node scripts/train-risk.ts FOLDER [FOLDER…]\n');
  process.exit(2);
}
const repositories: Repository[] = [];
for (const folder of folders) {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.changes.jsonl.gz'))
    .map((name) => name.replace('.changes.jsonl.gz', ''))
    .sort();
  for (const name of names) {
    const repository = await readRepository(folder, name);
    repositories.push(repository);
    process.stderr.write(`${name}: ${repository.examples.length} code changes\n`);
  }
}
const model = {
  version: CURRENT_MODEL,
  bins: BINS,
  factors: FACTOR_NAMES,
  discovery: discoveryOf(repositories),
  reference: referenceOf(repositories),
  full: variant(repositories),
  without: Object.fromEntries(
    repositories.map((left) => {
      process.stderr.write(`without ${left.name}\n`);
      return [left.name, variant(repositories.filter((each) => each !== left))];
    }),
  ),
};
const file = modelFile(CURRENT_MODEL);
mkdirSync(dirname(fileURLToPath(file)), { recursive: true });
writeFileSync(file, `${JSON.stringify(model)}\n`);
