/** The factors of the risk model, in the order of every vector of values; names are stable. */
export interface FactorInfo {
  name: string;
  group:
    | 'size'
    | 'diffusion'
    | 'purpose'
    | 'file-history'
    | 'deleted-code'
    | 'coupling'
    | 'tests'
    | 'repository'
    | 'paths'
    | 'content';
  /** What the value counts, for a reader: "control-flow lines added". */
  meaning: string;
}

const info = (group: FactorInfo['group'], factors: Record<string, string>): FactorInfo[] =>
  Object.entries(factors).map(([name, meaning]) => ({ name, group, meaning }));

export const FACTORS: readonly FactorInfo[] = [
  ...info('size', {
    'code-added': 'lines of code added',
    'control-added': 'control-flow lines added',
    'lines-added': 'lines added to production files',
    'lines-deleted': 'lines deleted from production files',
    hunks: 'places changed',
    'control-share': 'share of control flow in the code added',
    'whitespace-share': 'share of lines whose white space alone changed',
    'hunk-size': 'lines changed per place',
    'length-before': 'mean length of the files before',
    'largest-addition': 'lines added to the file that grew most',
  }),
  ...info('diffusion', {
    files: 'files touched',
    'production-files': 'production files touched',
    directories: 'directories touched',
    subsystems: 'top-level parts touched',
    entropy: 'how evenly the change is spread over its files',
  }),
  ...info('purpose', {
    fix: 'subject speaks of a fix',
    feature: 'subject speaks of something new',
    refactoring: 'subject speaks of restructuring',
    chore: 'subject speaks of upkeep',
    revert: 'change takes another one back',
    'subject-habit': 'words of the subject, by how often such changes failed here',
  }),
  ...info('file-history', {
    'rest-days': 'days since the files last changed',
    changes: 'past changes of the files',
    defects: 'defects traced to the files',
    'recent-defects': 'defects traced to the files, fading over 180 days',
    'defect-share': 'highest share of past changes of a file that were defective',
    'new-files': 'share of new files',
    'recent-changes': 'changes of the files in 90 days',
    'recent-fixes': 'fixes in the files, fading over 180 days',
    'fix-days': 'days since the last fix in the files',
    exposure: 'expected number of coming fixes that touch the added lines',
    'file-age': 'days since the youngest file appeared',
    'directory-defects': 'defect rate of the directories',
    'directory-fixes': 'fixes in the directories, fading over 180 days',
    'parallel-changes': 'other changes of the files in the last 7 days',
  }),
  ...info('deleted-code', {
    'code-deleted': 'lines of code deleted',
    'deleted-age': 'mean age of the deleted lines',
    'deleted-young': 'share of deleted lines younger than 14 days',
    'deleted-share': 'deleted code in all changed code',
  }),
  ...info('coupling', {
    'missing-partners': 'files that usually change along but did not',
    'strongest-missing': 'how usual the strongest missing partner is',
    'fan-out': 'files that changed together with these',
  }),
  ...info('tests', {
    tests: 'tests touched',
    'test-share': 'share of test lines among lines added',
    'missing-tests': 'how usually tests change along that did not',
    docs: 'documentation touched',
    configuration: 'configuration touched',
    dependencies: 'dependencies touched',
  }),
  ...info('repository', {
    'recent-load': 'changes landed in 7 days',
    'defect-rate': 'defects found per change in 365 days',
    'fix-rate': 'share of fixes among changes of 90 days',
  }),
  ...info('paths', {
    sensitive: 'paths of security, money, storage, concurrency or network',
    'directory-activity': 'past changes of the busiest directory',
    depth: 'depth of the deepest file',
    'file-type-habit': 'defect rate of such files here',
  }),
  // Of the patch itself; unknown, and of no weight, where only a record of the change is at hand.
  ...info('content', {
    names: 'distinct names in the code added',
    calls: 'calls in the code added',
    nesting: 'deepest indentation of the code added',
    'line-length': 'mean length of the lines of code added',
    numbers: 'lines added with a number',
    texts: 'lines added with a quoted text',
    absences: 'lines added that speak of an absent value',
    arithmetic: 'lines added that calculate or index',
    'moved-share': 'share of the code added that was moved from elsewhere in the change',
    comments: 'lines of comment added',
  }),
];

export const FACTOR_NAMES = FACTORS.map(({ name }) => name);
export const FACTOR_COUNT = FACTORS.length;
const INDEX = new Map(FACTOR_NAMES.map((name, index) => [name, index] as const));

export function factorIndex(name: string): number {
  const index = INDEX.get(name);
  if (index === undefined) throw new Error(`There is no risk factor ${name}.`);
  return index;
}
