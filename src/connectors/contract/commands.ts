/**
 * `/loom …` as people write it in a comment or a chat: one command per line that begins with it. Pure.
 * What a command does is decided where the services are; here is only the grammar.
 */

/** What may be asked for, with the words that follow it. */
export const COMMANDS = {
  help: { usage: '/loom help', does: 'lists these commands' },
  status: { usage: '/loom status', does: 'says where this change or work item stands' },
  explain: { usage: '/loom explain', does: 'shows the rules and factors behind the verdict' },
  'approve-request': {
    usage: '/loom approve-request [@login …]',
    does: 'asks the people the verdict needs, or those named, to judge the change',
  },
  rerun: { usage: '/loom rerun', does: 'judges the newest commit of the change anew' },
  hold: {
    usage: '/loom hold [reason]',
    does: 'keeps the change from landing until somebody releases it',
  },
  release: { usage: '/loom release', does: 'takes a hold away' },
} as const;
export type CommandName = keyof typeof COMMANDS;

export interface GivenCommand {
  /** Undefined when there is no such command. */
  name: CommandName | undefined;
  /** The word that was written, at most 40 characters. */
  word: string;
  /** The rest of the line. */
  argument: string;
}

const LINE = /^[ \t]{0,3}\/loom(?:[ \t]+(?<word>\S+)(?:[ \t]+(?<argument>.*))?)?[ \t]*$/i;
const FENCE = /^[ \t]{0,3}(```|~~~)/;
/** A comment with more commands is no comment of a person in earnest. */
const MAX_COMMANDS = 5;
const MAX_ARGUMENT = 500;

/** The commands of a comment, in order. Quoted lines and code are somebody else's words, or no words. */
export function parseCommands(text: string): GivenCommand[] {
  const commands: GivenCommand[] = [];
  let fence: string | undefined;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const marker = FENCE.exec(line)?.[1];
    if (marker !== undefined && (fence === undefined || fence === marker)) {
      fence = fence === undefined ? marker : undefined;
      continue;
    }
    const found = fence === undefined ? LINE.exec(line) : null;
    if (found === null) continue;
    const { word = 'help', argument = '' } = found.groups ?? {};
    const name = word.toLowerCase();
    commands.push({
      name: isCommand(name) ? name : undefined,
      word: word.slice(0, 40),
      argument: argument.trim().slice(0, MAX_ARGUMENT),
    });
    if (commands.length === MAX_COMMANDS) break;
  }
  return commands;
}

/** A Markdown list of all commands. */
export function describeCommands(): string {
  return Object.values(COMMANDS)
    .map(({ usage, does }) => `- \`${usage}\` ${does}`)
    .join('\n');
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}
