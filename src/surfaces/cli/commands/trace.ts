import { AppError } from '#kernel';
import type { Trace, WhyAnswer } from '#observability';
import { findRepositoryHere, pathInRepository } from '../here.ts';
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
      const [, file = '', line] = match;
      const client = context.client();
      const where =
        options.repository === undefined
          ? await findRepositoryHere(client).then(({ repository, root }) => ({
              repository,
              path: pathInRepository(root, file),
            }))
          : { repository: options.repository, path: file };
      const answer = await client.get<Wire<WhyAnswer>>('/v1/why', { ...where, line });
      context.output().result(answer, renderWhy);
    });
};

function renderTrace(trace: Wire<Trace>): string {
  const width = Math.max(0, ...trace.nodes.map(({ kind }) => kind.length));
  return [
    ...trace.nodes.map(
      (node) =>
        `${node.ref === trace.ref ? '>' : ' '} ${node.kind.padEnd(width)}  ${node.title === node.ref ? '' : `${short(node.title)}  `}(${node.ref}, ${ago(node.at)})`,
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

function short(title: string): string {
  const text = printable(title);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
