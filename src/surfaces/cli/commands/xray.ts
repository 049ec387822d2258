import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { backtestOwnChanges, type ContextFigures } from '#context';
import { cloneMirror, openRepository } from '#git';
import { buildXray, STUDIED_CHANGES, type XrayProgress, type XrayReport } from '#insights';
import { AppError, systemClock } from '#kernel';
import { printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';

const DAY_MS = 86_400_000;

export const registerXray: RegisterCommands = (program, context) => {
  program
    .command('xray <path-or-url>')
    .description("90 days of a repository's own history: no server, no agent, no account")
    .option('--since <window>', 'how far back, such as 30d or 2026-01-31', '90d')
    .option(
      '--context-seconds <seconds>',
      'how long to ask past changes whether their files would have been found; 0 asks none',
      '30',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom xray .\n  $ loom xray ../shop --since 30d --json\n',
    )
    .action(async (source: string, options: { since: string; contextSeconds: string }) => {
      const now = systemClock.now();
      const since = readSince(options.since, now);
      const budgetMs = readSeconds(options.contextSeconds) * 1_000;
      const output = context.output();
      const onProgress = (progress: XrayProgress) => {
        if (context.streams.isTerminal && !output.isJson)
          context.streams.err(`\r${progress.phase}: ${progress.done}   `);
      };
      const report = await withRepository(source, async (git, repository) => ({
        ...(await buildXray(git, { repository, since, now, onProgress })),
        context:
          budgetMs === 0
            ? null
            : await backtestOwnChanges(git, {
                changes: STUDIED_CHANGES,
                pick: 'newest',
                tasks: ['files'],
                budgetMs,
              }),
      }));
      if (context.streams.isTerminal && !output.isJson)
        context.streams.err('\r                              \r');
      output.result(report, renderXray);
    });
};

/** `90d`, `12w`, or a date. @throws AppError `xray.bad_window`. */
export function readSince(text: string, now: Date): Date {
  const match = /^(\d{1,4})([dw])$/.exec(text);
  if (match !== null)
    return new Date(now.getTime() - Number(match[1]) * (match[2] === 'w' ? 7 : 1) * DAY_MS);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : undefined;
  if (at === undefined || Number.isNaN(at.getTime()) || at > now) {
    throw new AppError('invalid', 'xray.bad_window', {
      message: `${printable(text)} is not a window of time.`,
      hint: 'Give for example 90d, 12w or 2026-01-31.',
    });
  }
  return at;
}

/** @throws AppError `xray.bad_seconds`. */
function readSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isInteger(seconds) && seconds >= 0 && seconds <= 3_600)
    return seconds;
  throw new AppError('invalid', 'xray.bad_seconds', {
    message: `${printable(text)} is not a number of seconds.`,
    hint: 'Give a whole number from 0 to 3600.',
  });
}

async function withRepository<Result>(
  source: string,
  work: (git: ReturnType<typeof openRepository>, name: string) => Promise<Result>,
): Promise<Result> {
  if (existsSync(source)) {
    const path = resolve(source);
    return work(openRepository(path), basename(path));
  }
  // git would take a bare word for a folder and complain about that.
  if (!/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/i.test(source)) {
    throw new AppError('not_found', 'xray.no_such_folder', {
      message: `There is no folder ${printable(source)}.`,
      hint: 'Name the folder of a repository, or a URL as git clone takes it.',
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'loom-xray-'));
  try {
    return await work(await cloneMirror({ url: source, dir: join(folder, 'mirror.git') }), source);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (share: number | null) =>
  share === null ? 'not known' : `${Math.round(share * 100)} %`;

function underBound(it: XrayReport['risk']['underBound']): string {
  const bound = `${it.isDeclared ? 'declared' : 'usual'} bound of ${Math.round(it.bound * 1000) / 10} %`;
  return it.share === null
    ? `too few code changes have landed to say what could ship alone under the ${bound}`
    : `would have shipped alone under the ${bound}: ${it.changes} of ${it.judged} code changes (${percent(it.share)}); ${it.slipped} of ${it.defects} known defects among them`;
}

function renderContext(figures: ContextFigures | null): string[] {
  if (figures === null) return [];
  const [files] = figures.tasks;
  const { cut } = figures;
  const cutNote =
    cut === null ? '' : `, cut after ${cut.afterMs / 1000} s at ${cut.asked} of ${cut.planned}`;
  if (files === undefined)
    return [`files of past changes: none could be asked about${cutNote}`, ''];
  const unnamed = figures.withoutNames;
  return [
    `given only the title and text of its last ${figures.changes} changes${cutNote}, the first ten files hold ${percent(files.recall10)} of those it edited`,
    ...(unnamed === null
      ? []
      : [`  ${percent(unnamed.recall10)} for the ${unnamed.asked} that name none of their files`]),
    '',
  ];
}

function renderXray(report: XrayReport & { context: ContextFigures | null }): string {
  const { totals, waits, churn, aiAuthored, ownership } = report;
  const bars = (rows: readonly { bucket: string; changes: number }[]) => {
    const most = Math.max(1, ...rows.map(({ changes }) => changes));
    return rows.map(
      ({ bucket, changes }) =>
        `  ${bucket.padEnd(12)} ${'█'.repeat(Math.round((changes / most) * 30))} ${changes}`,
    );
  };
  return [
    `X-ray of ${printable(report.repository)}, ${report.since.toISOString().slice(0, 10)} to ${report.until.toISOString().slice(0, 10)}`,
    ...report.problems.map((problem) => `  note: ${problem}`),
    '',
    `${totals.changes} changes of ${totals.commits} commits by ${totals.authors} people in ${totals.files} files, +${totals.addedLines} -${totals.deletedLines} lines`,
    `agents named in ${percent(aiAuthored.share)} of commits${aiAuthored.byAgent.map(({ agent, changes }) => `, ${agent} ${changes}`).join('')}`,
    `churn within 14 days: ${percent(churn.share)} of ${churn.bornLines} lines`,
    waits.isKnown
      ? `from last commit to merge: median ${waits.medianHours} h, 90th percentile ${waits.p90Hours} h (${waits.sample} merges)`
      : 'waits before merge are not in this history (no merge commits); connect the git host to know them',
    `ownership: the busiest author holds ${percent(ownership.concentration)} of a file on average; ${percent(ownership.singleOwnerShare)} of files have one author`,
    '',
    ...renderContext(report.context),
    'size of changes',
    ...bars(report.sizes),
    'risk of changes',
    ...bars(report.risk.buckets),
    `  ${underBound(report.risk.underBound)}`,
    `  ${report.risk.explanation}`,
    '',
    table(
      report.hotFiles.slice(0, 10),
      [
        { title: 'hot file', value: (it) => it.path },
        { title: 'changes', value: (it) => it.changes, align: 'right' },
        { title: 'authors', value: (it) => it.authors, align: 'right' },
      ],
      'No file changed in this window.',
    ),
    '',
    table(
      report.overlaps.slice(0, 10),
      [
        { title: 'open branch', value: (it) => it.a },
        { title: 'and', value: (it) => it.b },
        { title: 'shared files', value: (it) => it.paths.length, align: 'right' },
        {
          title: 'merge',
          value: (it) => (it.hasConflict ? `conflict in ${it.conflictPaths[0] ?? '?'}` : 'clean'),
        },
      ],
      'No two open branches touch the same file.',
    ),
  ].join('\n');
}
