/**
 * The past of a repository, as far as risk needs it: counts per file, directory, word and file type,
 * kept while changes land and defects are found. Measures a change before it lands, by its past alone.
 */
import { type ContentCounts, DAY_SECONDS, type RiskChange, type TouchedFile } from './change.ts';
import { FACTOR_COUNT, factorIndex } from './factors.ts';
import { isFixSubject, purposeOf, subjectWords } from './subject.ts';

const DECAY_DAYS = 180;
const MAX_TIMES = 60;
const MAX_PARTNERS = 200;
const MAX_COUPLED_FILES = 12;

/** A count that fades: halves in DECAY_DAYS * ln 2 days. */
interface Fading {
  value: number;
  at: number;
}

interface FileRecord {
  changes: number;
  firstAt: number;
  lastAt: number;
  recent: number[];
  length: number;
  defects: number;
  fadingDefects: Fading;
  fadingFixes: Fading;
  lastFixAt: number;
  /** Changes that came with a test. */
  withTests: number;
}

/** How often changes of one kind turned out defective, among those that had time to. */
interface Habit {
  changes: number;
  defects: number;
}

interface DirectoryRecord {
  changes: number;
  fadingFixes: Fading;
}

interface LandedRecord {
  landedAt: number;
  paths: readonly string[];
  habits: readonly string[];
  isDefective: boolean;
  /** Counted as sound, because it had been out for long enough. */
  isRipe: boolean;
}

const log = (value: number) => Math.log1p(Math.max(0, value));

function faded(fading: Fading, now: number): number {
  return fading.value * Math.exp(-(now - fading.at) / (DECAY_DAYS * DAY_SECONDS));
}

function bump(fading: Fading, now: number, by = 1): void {
  // Defects are told late and in any order; what is older than the newest adds what is left of it.
  if (now >= fading.at) {
    fading.value = faded(fading, now) + by;
    fading.at = now;
  } else fading.value += by * Math.exp(-(fading.at - now) / (DECAY_DAYS * DAY_SECONDS));
}

const SENSITIVE =
  /auth|login|session|token|passw|crypt|secur|permission|acl|payment|checkout|charge|refund|invoice|tax|billing|migrat|schema|transaction|lock|concurr|replica|storage|wal\b|wal\/|consensus|raft|network|server/i;
const CONFIGURATION = /\.(ya?ml|toml|json|properties|ini|env|conf|gradle|mod|cfg)$/;
const DEPENDENCIES =
  /package\.json|go\.mod|pom\.xml|build\.gradle|requirements|pyproject|poetry|lock|Cargo\.toml|Gemfile/;

const directoryOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const subsystemOf = (path: string) => path.split('/').slice(0, 2).join('/');
const typeOf = (path: string) => /\.[a-z0-9]+$/i.exec(path)?.[0].toLowerCase() ?? '';

export interface RiskHistory {
  /** The raw value of every factor for a change that is about to land; nothing is remembered. */
  measure(change: RiskChange): Float64Array;
  land(change: RiskChange): void;
  /** A landed change was found defective; told once per change. */
  defect(index: number, foundAt: number): void;
}

export function createRiskHistory(): RiskHistory {
  const files = new Map<string, FileRecord>();
  const directories = new Map<string, DirectoryRecord>();
  const partners = new Map<string, Map<string, number>>();
  const habits = new Map<string, Habit>();
  const landed = new Map<number, LandedRecord>();
  const ripening: number[] = [];
  let ripe = 0;
  const total: Habit = { changes: 0, defects: 0 };
  const landedTimes: number[] = [];
  const fixTimes: number[] = [];
  const defectTimes: number[] = [];

  function habitKeys(change: RiskChange, sources: readonly TouchedFile[]): string[] {
    const keys = new Set<string>();
    for (const word of subjectWords(change.subject)) keys.add(`w:${word}`);
    for (const { path } of sources) {
      keys.add(`t:${typeOf(path)}`);
      const names = path.split('/').slice(0, -1);
      for (let depth = 1; depth <= names.length && depth <= 6; depth += 1)
        keys.add(`d:${names.slice(0, depth).join('/')}`);
    }
    return [...keys];
  }

  /** Mean log odds of the habits with a prefix against the whole, shrunken to it. */
  function habitOdds(keys: readonly string[], prefix: string, weight: number, how: 'mean' | 'max') {
    const base = (total.defects + 2) / (total.changes + 20);
    let sum = 0;
    let count = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (const key of keys) {
      if (!key.startsWith(prefix)) continue;
      const habit = habits.get(key);
      const changes = habit?.changes ?? 0;
      const rate = ((habit?.defects ?? 0) + weight * base) / (changes + weight);
      const odds = Math.log(rate / Math.max(0.01, 1 - rate)) - Math.log(base / (1 - base));
      sum += odds;
      count += 1;
      highest = Math.max(highest, odds);
    }
    if (count === 0) return 0;
    return how === 'mean' ? sum / Math.sqrt(count) : highest;
  }

  function ripen(now: number): void {
    while (ripe < ripening.length) {
      const record = landed.get(ripening[ripe]!)!;
      if (record.landedAt > now - 120 * DAY_SECONDS) break;
      ripe += 1;
      record.isRipe = true;
      if (record.isDefective) continue; // counted when it was found
      count(record, 0);
    }
  }

  function count(record: LandedRecord, defects: number): void {
    total.changes += 1;
    total.defects += defects;
    for (const key of record.habits) {
      const habit = habits.get(key) ?? { changes: 0, defects: 0 };
      habit.changes += 1;
      habit.defects += defects;
      habits.set(key, habit);
    }
  }

  function within(times: readonly number[], now: number, days: number): number {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! > now - days * DAY_SECONDS) high = middle;
      else low = middle + 1;
    }
    return times.length - low;
  }

  function measure(change: RiskChange): Float64Array {
    const now = change.landedAt;
    ripen(now);
    const values = new Float64Array(FACTOR_COUNT);
    const set = (name: string, value: number) => {
      values[factorIndex(name)] = value;
    };
    const sources = change.files.filter(({ kind }) => kind === 'source');
    const tests = change.files.filter(({ kind }) => kind === 'test');
    const placed = sources.length > 0 ? sources : change.files;
    const { code, deleted } = change;
    const added = sources.reduce((sum, file) => sum + file.addedLines, 0);
    const removed = sources.reduce((sum, file) => sum + file.deletedLines, 0);

    set('code-added', log(code.addedLines));
    set('control-added', log(code.addedControlLines));
    set('lines-added', log(added));
    set('lines-deleted', log(removed));
    set('hunks', log(code.hunks));
    set('control-share', code.addedControlLines / (code.addedLines + 1));
    set('whitespace-share', code.whitespaceLines / (code.addedLines + code.whitespaceLines + 1));
    set('hunk-size', log((added + removed) / Math.max(1, code.hunks)));
    set('length-before', log(code.linesBefore / Math.max(1, code.files)));
    set('largest-addition', log(Math.max(0, ...sources.map((file) => file.addedLines))));

    const inDirectories = new Set(placed.map(({ path }) => directoryOf(path)));
    set('files', log(change.fileCount));
    set('production-files', log(code.files));
    set('directories', log(inDirectories.size));
    set('subsystems', log(new Set(placed.map(({ path }) => subsystemOf(path))).size));
    set('entropy', entropyOf(sources));

    const purpose = purposeOf(change.subject);
    set('fix', purpose.isFix ? 1 : 0);
    set('feature', purpose.isFeature ? 1 : 0);
    set('refactoring', purpose.isRefactoring ? 1 : 0);
    set('chore', purpose.isChore ? 1 : 0);
    set('revert', purpose.isRevert ? 1 : 0);
    const keys = habitKeys(change, sources);
    set('subject-habit', habitOdds(keys, 'w:', 20, 'mean'));
    set('directory-defects', habitOdds(keys, 'd:', 30, 'mean'));
    set('file-type-habit', habitOdds(keys, 't:', 30, 'mean'));

    measureFiles(change, sources, added, set);
    let fixes = 0;
    let activity = 0;
    for (const name of inDirectories) {
      const record = directories.get(name);
      if (record === undefined) continue;
      fixes = Math.max(fixes, faded(record.fadingFixes, now));
      activity = Math.max(activity, record.changes);
    }
    set('directory-fixes', log(fixes));
    set('directory-activity', log(activity));

    set('code-deleted', log(deleted?.lines ?? 0));
    set('deleted-age', log(deleted?.meanAgeDays ?? 0));
    set('deleted-young', deleted?.youngShare ?? 0);
    set('deleted-share', (deleted?.lines ?? 0) / ((deleted?.lines ?? 0) + code.addedLines + 1));
    measureCoupling(change, sources, set);

    const addedTests = tests.reduce((sum, file) => sum + file.addedLines, 0);
    set('tests', tests.length > 0 ? 1 : 0);
    set('test-share', addedTests / (1 + added + addedTests));
    const has = (test: (file: TouchedFile) => boolean) => (change.files.some(test) ? 1 : 0);
    set(
      'docs',
      has(({ kind }) => kind === 'docs'),
    );
    set(
      'configuration',
      has(({ kind, path }) => kind === 'other' && CONFIGURATION.test(path)),
    );
    set(
      'dependencies',
      has(({ path }) => DEPENDENCIES.test(path)),
    );

    set('recent-load', log(within(landedTimes, now, 7) + 1));
    set('defect-rate', within(defectTimes, now, 365) / (within(landedTimes, now, 365) + 21));
    set('fix-rate', within(fixTimes, now, 90) / (within(landedTimes, now, 90) + 10));
    set('sensitive', sources.some(({ path }) => SENSITIVE.test(path)) ? 1 : 0);
    set('depth', Math.max(0, ...placed.map(({ path }) => path.split('/').length)));
    measureContent(change.content, set);
    return values;
  }

  function measureFiles(
    change: RiskChange,
    sources: readonly TouchedFile[],
    added: number,
    set: (name: string, value: number) => void,
  ): void {
    const now = change.landedAt;
    const days = (since: number) => (now - since) / DAY_SECONDS;
    let isNew = 0;
    let rest = 0;
    let changes = 0;
    let defects = 0;
    let recentDefects = 0;
    let share = 0;
    let recent = 0;
    let parallel = 0;
    let fixes = 0;
    let sinceFix = 3_650;
    let exposure = 0;
    let age = 3_650;
    let missingTests = 0;
    const hasTests = change.files.some(({ kind }) => kind === 'test');
    for (const file of sources) {
      const record = files.get(file.path);
      const directory = directories.get(directoryOf(file.path));
      if (record === undefined) {
        isNew += 1;
        age = 0;
        const around =
          directory === undefined
            ? 0
            : faded(directory.fadingFixes, now) / Math.max(1, Math.sqrt(directory.changes));
        exposure += (around + 0.3) * (file.addedLines > 0 ? 1 : 0);
        continue;
      }
      rest += days(record.lastAt);
      changes += record.changes;
      defects += record.defects;
      recentDefects += faded(record.fadingDefects, now);
      share = Math.max(share, (record.defects + 0.5) / (record.changes + 5));
      recent += record.recent.filter((time) => time > now - 90 * DAY_SECONDS).length;
      parallel += record.recent.filter((time) => time > now - 7 * DAY_SECONDS).length;
      const fading = faded(record.fadingFixes, now);
      fixes += fading;
      if (record.lastFixAt > 0) sinceFix = Math.min(sinceFix, days(record.lastFixAt));
      exposure +=
        (fading + 0.3) * (file.addedLines / (file.addedLines + Math.max(0, record.length) + 10));
      age = Math.min(age, days(record.firstAt));
      if (!hasTests && record.changes >= 3)
        missingTests = Math.max(missingTests, record.withTests / (record.changes + 2));
    }
    const known = sources.length - isNew;
    set('rest-days', log(known > 0 ? rest / known : 0));
    set('changes', log(changes));
    set('defects', log(defects));
    set('recent-defects', log(recentDefects));
    set('defect-share', share);
    set('new-files', isNew / Math.max(1, sources.length));
    set('recent-changes', log(recent));
    set('parallel-changes', log(parallel));
    set('recent-fixes', log(fixes));
    set('fix-days', log(sinceFix));
    set('exposure', log(exposure * 10) * (added > 0 ? 1 : 0.5));
    set('file-age', log(age));
    set('missing-tests', missingTests);
  }

  function measureCoupling(
    change: RiskChange,
    sources: readonly TouchedFile[],
    set: (name: string, value: number) => void,
  ): void {
    const touched = new Set(change.files.map(({ path }) => path));
    let missing = 0;
    let strongest = 0;
    let fanOut = 0;
    for (const { path } of sources.slice(0, MAX_COUPLED_FILES)) {
      const known = partners.get(path);
      const record = files.get(path);
      if (known === undefined || record === undefined) continue;
      fanOut = Math.max(fanOut, known.size);
      for (const [partner, times] of known) {
        const usual = times / record.changes;
        if (times < 3 || usual <= 0.3 || touched.has(partner)) continue;
        missing += 1;
        strongest = Math.max(strongest, usual);
      }
    }
    set('missing-partners', log(missing));
    set('strongest-missing', strongest);
    set('fan-out', log(fanOut));
  }

  function land(change: RiskChange): void {
    const now = change.landedAt;
    const sources = change.files.filter(({ kind }) => kind === 'source');
    const isFix = isFixSubject(change.subject);
    const hasTests = change.files.some(({ kind }) => kind === 'test');
    const placed = sources.length > 0 ? sources : change.files;
    if (change.isCode) {
      landed.set(change.index, {
        landedAt: now,
        paths: sources.map(({ path }) => path),
        habits: habitKeys(change, sources),
        isDefective: false,
        isRipe: false,
      });
      ripening.push(change.index);
    }
    landedTimes.push(now);
    if (isFix) fixTimes.push(now);
    for (const name of new Set(placed.map(({ path }) => directoryOf(path)))) {
      let record = directories.get(name);
      if (record === undefined)
        directories.set(name, (record = { changes: 0, fadingFixes: { value: 0, at: now } }));
      record.changes += 1;
      if (isFix && sources.length > 0) bump(record.fadingFixes, now);
    }
    for (const file of change.files) landFile(file, now, isFix, hasTests);
    if (sources.length > MAX_COUPLED_FILES) return;
    for (const { path } of sources) {
      let known = partners.get(path);
      if (known === undefined) partners.set(path, (known = new Map()));
      for (const { path: other } of sources) {
        if (other === path || (known.size >= MAX_PARTNERS && !known.has(other))) continue;
        known.set(other, (known.get(other) ?? 0) + 1);
      }
    }
  }

  function landFile(file: TouchedFile, now: number, isFix: boolean, hasTests: boolean): void {
    let record = files.get(file.path);
    if (record === undefined) {
      record = {
        changes: 0,
        firstAt: now,
        lastAt: now,
        recent: [],
        length: 0,
        defects: 0,
        fadingDefects: { value: 0, at: now },
        fadingFixes: { value: 0, at: now },
        lastFixAt: 0,
        withTests: 0,
      };
      files.set(file.path, record);
    }
    record.changes += 1;
    record.lastAt = now;
    record.length += file.addedLines - file.deletedLines;
    record.recent.push(now);
    if (record.recent.length > MAX_TIMES) record.recent.shift();
    if (hasTests) record.withTests += 1;
    if (!isFix) return;
    bump(record.fadingFixes, now);
    record.lastFixAt = now;
  }

  function defect(index: number, foundAt: number): void {
    const record = landed.get(index);
    if (record === undefined || record.isDefective) return;
    defectTimes.push(foundAt);
    for (const path of record.paths) {
      const file = files.get(path);
      if (file === undefined) continue;
      file.defects += 1;
      bump(file.fadingDefects, foundAt);
    }
    record.isDefective = true;
    if (!record.isRipe) {
      count(record, 1);
      return;
    }
    // It had been counted as sound.
    total.defects += 1;
    for (const key of record.habits) {
      const habit = habits.get(key);
      if (habit !== undefined) habit.defects += 1;
    }
  }

  return { measure, land, defect };
}

/** Every value is unknown (NaN) where no patch was at hand. */
function measureContent(
  content: ContentCounts | null,
  set: (name: string, value: number) => void,
): void {
  const lines = (content?.codeLines ?? NaN) + 1;
  set('names', log1pOf(content?.names));
  set('calls', log1pOf(content?.calls));
  set('nesting', content?.deepest ?? NaN);
  set('line-length', (content?.characters ?? NaN) / lines);
  set('numbers', log1pOf(content?.numbers));
  set('texts', log1pOf(content?.texts));
  set('absences', log1pOf(content?.absences));
  set('arithmetic', log1pOf(content?.arithmetic));
  set('moved-share', (content?.movedLines ?? NaN) / lines);
  set('comments', log1pOf(content?.commentLines));
}

function log1pOf(count: number | undefined): number {
  return Math.log1p(count ?? NaN);
}

/** 0 when one file holds the change, 1 when all hold equal shares. */
function entropyOf(files: readonly TouchedFile[]): number {
  if (files.length < 2) return 0;
  const total = files.reduce((sum, file) => sum + file.addedLines + file.deletedLines, 0);
  let entropy = 0;
  for (const file of files) {
    const share = (file.addedLines + file.deletedLines) / Math.max(1, total);
    if (share > 0) entropy -= share * Math.log2(share);
  }
  return entropy / Math.log2(files.length);
}
