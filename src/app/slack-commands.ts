/** `/loom …` in Slack: short answers that only the one who asked can see. */
import { escapeText, type SlackDelivery } from '#connectors/slack';
import type { GovernanceService, Person } from '#governance';
import { AppError } from '#kernel';
import type { ChangeService, EscalationService, WorkService } from '#orchestration';
import { principalOfChannel } from './escalation-answers.ts';

export interface CommandDeps {
  governance: GovernanceService;
  /** Known only after the connectors, because they speak through them. */
  escalations(): EscalationService;
  changes(): Pick<ChangeService, 'resolve'>;
  work: WorkService;
  publicUrl: string;
}

type Command = Extract<SlackDelivery, { kind: 'command' }>;

interface Whisper {
  response_type: 'ephemeral';
  text: string;
}

const HELP = [
  '`/loom inbox` reviews you are asked for',
  '`/loom status owner/name#12` where a change stands',
  '`/loom work TITLE` a new work item',
  '`/loom link` ties your name in Slack to your account here',
].join('\n');

export async function runSlackCommand(
  deps: CommandDeps,
  { text }: Command,
  identity: string,
): Promise<Whisper> {
  const [word = '', ...rest] = text.split(/\s+/);
  const argument = rest.join(' ').trim();
  try {
    if (word === 'link') return say(await link(deps, identity));
    if (!['inbox', 'status', 'work'].includes(word)) return say(HELP);
    const person = await deps.governance.findPersonByIdentity([identity]);
    if (person === undefined) {
      return say('Your name in Slack is not tied to an account of LoomStack. Type `/loom link`.');
    }
    if (word === 'inbox') return say(await inbox(deps, person));
    if (word === 'status') return say(await status(deps, person, argument));
    return say(await work(deps, person, argument));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return say(escapeText([error.message, error.hint].filter(Boolean).join(' ')));
  }
}

async function link({ governance, publicUrl }: CommandDeps, identity: string): Promise<string> {
  const known = await governance.findPersonByIdentity([identity]);
  if (known !== undefined) return `You are ${escapeText(known.name)} here already.`;
  const code = await governance.createIdentityCode(identity);
  return `Within ten minutes, logged in as yourself, run \`loom link ${code}\` (or \`POST ${publicUrl}/v1/identities\` with this code). Show it to nobody.`;
}

async function inbox(
  { governance, escalations, publicUrl }: CommandDeps,
  person: Person,
): Promise<string> {
  await governance.authorize(principalOfChannel(person), 'changes:read', {
    kind: 'inbox',
    id: person.id,
  });
  const { items } = await escalations().list({ personId: person.id, isOpen: true, limit: 10 });
  if (items.length === 0) return 'Nothing is asked of you.';
  return items
    .map(
      (one) => `• <${publicUrl}/inbox/${one.id}|${linkText(`${one.title} (${one.repository})`)}>`,
    )
    .join('\n');
}

async function status(
  { governance, changes, publicUrl }: CommandDeps,
  person: Person,
  reference: string,
): Promise<string> {
  if (reference === '') return 'Name a change, such as `/loom status owner/name#12`.';
  const change = await changes().resolve(reference);
  const principal = principalOfChannel(person);
  const place = { kind: 'change', id: change?.id ?? reference, repository: change?.repository };
  if (change === undefined || !governance.isAllowed(principal, 'changes:read', place)) {
    return `There is no change ${escapeText(reference.slice(0, 200))}.`;
  }
  const title = linkText(`${change.title} (${change.repository})`);
  return `<${publicUrl}/changes/${change.id}|${title}>: ${change.state}`;
}

async function work(
  { governance, work: items, publicUrl }: CommandDeps,
  person: Person,
  title: string,
): Promise<string> {
  if (title === '') return 'Say what is to be done: `/loom work Refuse empty orders`.';
  const principal = principalOfChannel(person);
  await governance.authorize(principal, 'work:write', { kind: 'work-item', id: 'new' });
  const item = await items.create({ title }, { kind: 'person', id: person.id });
  return `Noted: <${publicUrl}/work/${item.id}|${linkText(item.title)}>`;
}

/** Within a link `|` and `>` end it. */
function linkText(text: string): string {
  return escapeText(text.replaceAll(/[|\s]+/g, ' ')).slice(0, 300);
}

const say = (text: string): Whisper => ({ response_type: 'ephemeral', text });
