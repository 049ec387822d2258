/** `loom agents`: which agents are attached, and what each lacks; and how one is proven to work. */
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';

interface AgentList {
  items: {
    agent: string;
    person: { id: string; name: string };
    repository: string | null;
    version: string | null;
    state: string;
    lastEvent: { event: string; at: string } | null;
    missing: string[];
  }[];
}

export const registerAgents: RegisterCommands = (program, context) => {
  program
    .command('agents')
    .description('attached agents: for whom, where, the last event, and what is missing')
    .addHelpText('after', '\nExamples:\n  $ loom agents\n  $ loom doctor --agent codex --wait 60\n')
    .action(async () => {
      const list = await context.client().get<AgentList>('/v1/agents');
      context.output().result(list, ({ items }) =>
        [
          table(
            items,
            [
              { title: 'agent', value: (it) => it.agent },
              { title: 'version', value: (it) => it.version },
              { title: 'person', value: (it) => it.person.name },
              { title: 'repository', value: (it) => it.repository ?? 'all' },
              { title: 'state', value: (it) => it.state },
              {
                title: 'last event',
                value: (it) =>
                  it.lastEvent === null ? null : `${it.lastEvent.event} ${ago(it.lastEvent.at)}`,
              },
            ],
            'No agent has been attached. Run `loom attach` in a repository.',
          ),
          ...items.flatMap((it) =>
            it.missing.map((what) => `  ! ${printable(it.agent)}: ${printable(what)}`),
          ),
        ].join('\n'),
      );
    });
};
