import type { Person } from '#governance';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerLink: RegisterCommands = (program, context) => {
  program
    .command('link <code>')
    .description('tie a name elsewhere to your account, with the code you were shown there')
    .addHelpText('after', '\nExample:\n  $ loom link 3kx…    # after /loom link in Slack\n')
    .action(async (code: string) => {
      const answer = await context
        .client()
        .send<{ person: Wire<Person>; identity: string }>('POST', '/v1/identities', { code });
      context
        .output()
        .result(answer, ({ person, identity }) => `${identity} is ${person.name} from now on.`);
    });
};
