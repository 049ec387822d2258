import { AppError } from '#kernel';
import type { Trace, WhyAnswer } from '#observability';
import { execFileSync } from 'node:child_process';
import { relative, resolve } from 'node:path';
import { ago, printable } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerTrace: RegisterCommands = (program, context) => {
  program
    .command('trace <ref>')
    .description(
      'everything connected with a change, session, commit, deployment or incident, both ways',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom trace chg_019…\n  $ loom trace 4f2a9c1\n  $ loom trace acme/shop#12\n',
    )
    .action(async (ref: string) => {
      const trace = await context.client().get<Wire<Trace>>('/v1/trace', { ref });
      context.output().result(trace, renderTrace);
    });

  program
    .command('why <file:line>')
    .description('from a line of code back to the request it came from')
    .option('--repository <name>', 'repository (default: the one you stand in)')
    .addHelpText('after', '\nExample:\n  $ loom why src/order.ts:42\n')
    .action(async (place: string, options: { repository?: string }) => {
      const match = /^(.+):(\d+)$/.exec(place);
      if (match === null) {
        throw new AppError('invalid', 'cli.not_a_place', {
          message: `${place} is not FILE:LINE.`,
          hint: 'For example: loom why src/order.ts:42',
        });
      }
      const here = options.repository === undefined ? findHere(match[1]!) : undefined;
      const answer = await context.client().get<Wire<WhyAnswer>>('/v1/why', {
        repository: options.repository ?? here!.repository,
        path: here?.path ?? match[1]!,
        line: match[2]!,
      });
      context.output().result(answer, renderWhy);
    });
};

/** The repository around the file, named as the server knows it: by its remote, else by its folder. */
function findHere(file: string): { repository: string; path: string } {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      return '';
    }
  };
  const top = git('rev-parse', '--show-toplevel');
  if (top === '') {
    throw new AppError('invalid', 'cli.not_in_a_repository', {
      message: 'You do not stand in a git repository.',
      hint: 'Name the repository with --repository owner/name.',
    });
  }
  const remote = /[/:]([^/:]+\/[^/:]+?)(?:\.git)?\/?$/.exec(
    git('config', '--get', 'remote.origin.url'),
  )?.[1];
  return {
    repository: remote ?? `local/${top.split('/').at(-1)!}`,
    path: relative(top, resolve(file)),
  };
}

function renderTrace(trace: Wire<Trace>): string {
  const width = Math.max(0, ...trace.nodes.map(({ kind }) => kind.length));
  return [
    ...trace.nodes.map(
      (node) =>
        `${node.ref === trace.ref ? '>' : ' '} ${node.kind.padEnd(width)}  ${printable(node.title)}  (${node.ref}, ${ago(node.at)})`,
    ),
    '',
    ...trace.events.map(
      (event) =>
        `${String(event.seq ?? '-').padStart(7)}  ${event.recordedAt}  ${event.type}  by ${event.actor.kind} ${event.actor.id}`,
    ),
    ...(trace.isTruncated ? ['(cut: more than fits; ask for one change or session)'] : []),
  ].join('\n');
}

function renderWhy(answer: Wire<WhyAnswer>): string {
  return [
    `${answer.repository} ${answer.path}:${answer.line}`,
    `  ${printable(answer.text)}`,
    `written in ${answer.commit.sha.slice(0, 10)} "${printable(answer.commit.subject)}" by ${printable(answer.commit.author)}, ${ago(answer.commit.at)}`,
    '',
    answer.trace === null
      ? 'It came in before LoomStack watched, or around it: no session, decision or approval is known.'
      : renderTrace(answer.trace),
  ].join('\n');
}
