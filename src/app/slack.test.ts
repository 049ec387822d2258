/**
 * Goal: a review is asked for in Slack and answered there by the person who was asked, under their own
 * account, and by nobody else; whatever ends it elsewhere takes it back in place.
 * Method: the real services over a database and a repository, Slack's emulator, and signed requests as
 * Slack sends them for clicks and commands, which the emulator does not.
 */
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createSlackClient, signSlack } from '#connectors/slack';
import type { Connector } from '#connectors/contract';
import { AppError, loadConfig } from '#kernel';
import { createOutboxWorker, createProjector, createSequencer } from '#ledger';
import { createWorkService } from '#orchestration';
import { testClock, testDatabase, testRepository } from '#testing';
import { inboxOver } from '../orchestration/escalation/test-inbox.ts';
import { slackEntry } from './connectors/slack.ts';
import { escalationHandler, escalationOutcomeHandler, escalationOutcomes } from './notify.ts';
import { createSlackDesk } from './slack-desk.ts';

const SECRET = 'signing-secret-of-tests';
const POLICY = `version: 1
routing: { ack_within: { default: 2h }, then: [next-expert] }
rules: [{ id: code, when: { paths: "src/**" }, require: { reviewers: 1 }, because: Code is read by somebody. }]
`;
const Anything = z.looseObject({});

const stack = new AsyncDisposableStack();
let world: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  world = await open();
});
afterAll(() => stack.disposeAsync());

async function open() {
  const { db } = stack.use(await testDatabase());
  const repository = stack.use(await testRepository());
  const clock = testClock(new Date('2026-01-06T09:00:00Z'));
  await repository.commit({
    files: { '.loom/policy.yaml': POLICY, 'src/total.ts': 'export {};\n' },
  });
  const inbox = stack.use(await inboxOver(db, clock, repository));
  const scopes = ['chat:write', 'im:write', 'im:history', 'users:read', 'users:read.email'];
  const emulator = await createEmulator({
    service: 'slack',
    port: 0,
    seed: {
      slack: {
        users: [
          { name: 'loom', email: 'loom@example.org' },
          { name: 'grace', email: 'grace@example.org' },
          { name: 'mallory', email: 'mallory@example.org' },
        ],

        tokens: [{ token: 'xoxb-loom', user: 'loom', scopes }],
      },
    },
  });
  stack.defer(() => emulator.close());
  const slack = createSlackClient({
    botToken: 'xoxb-loom',
    apiUrl: `${emulator.url}/api/`,
    clock,
  });
  const userOf = async (name: string) =>
    z
      .object({ user: z.object({ id: z.string() }) })
      .parse(await slack.ask('users.lookupByEmail', { email: `${name}@example.org` }, Anything))
      .user.id;

  const publicUrl = 'https://loom.example';
  const desk = createSlackDesk({
    ...inbox,
    publicUrl,
    work: createWorkService({ ...inbox, leaseMs: 900_000 }),
    changes: () => inbox.changes,
    escalations: () => inbox.escalations,
  });
  const config = loadConfig({
    env: {},
    cwd: '/nonexistent',
    flags: {
      data: '/nonexistent',
      'connectors.slack.botToken': 'xoxb-loom',
      'connectors.slack.signingSecret': SECRET,
      'connectors.slack.apiUrl': `${emulator.url}/api/`,
    },
  });
  const connector = slackEntry.open({
    config,
    clock,
    log: inbox.log,
    publicUrl,
    slackDesk: desk,
    secrets: {} as never,
    authorizeSender: () => Promise.reject(new Error('no tokens here')),
  }) as Connector;
  const notifying = {
    db,
    log: inbox.log,
    messengers: () => [connector.messenger!],
    escalations: inbox.escalations,
    inboxUrl: (id: string) => `${publicUrl}/inbox/${id}`,
  };
  const outbox = stack.use(
    createOutboxWorker({
      ...inbox,
      start: false,
      retryInMs: () => 0,
      handlers: [
        escalationHandler(notifying),
        escalationOutcomeHandler(notifying),
        ...desk.handlers,
      ],
    }),
  );
  const sequencer = stack.use(
    createSequencer({ ...inbox, origin: 'test.example/log', start: false }),
  );
  const projector = stack.use(
    createProjector({ ...inbox, projections: [escalationOutcomes(inbox.ledger)], start: false }),
  );

  return {
    ...inbox,
    emulator,
    userOf,
    async settle() {
      await outbox.runOnce();
      await sequencer.runOnce();
      await projector.runOnce();
      await outbox.runOnce();
    },
    async aChange(branch: string) {
      await repository.git('switch', '--quiet', 'main');
      await repository.branch(branch);
      await repository.commit({
        files: { 'src/total.ts': `export const total = '${branch}';\n` },
        author: { name: 'Nobody', email: 'nobody@example.org' },
      });
      return inbox.open(branch);
    },
    /** A form as Slack sends it. */
    async post(fields: Record<string, string>) {
      const body = Buffer.from(new URLSearchParams(fields).toString());
      const timestamp = String(Math.floor(clock.now().getTime() / 1_000));
      const delivery = {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': signSlack(SECRET, timestamp, body),
        },
        body,
      };
      connector.source!.verify(delivery);
      return connector.reply!(delivery);
    },
    async messagesTo(name: string) {
      const opened = await slack.post(
        'conversations.open',
        { users: await userOf(name) },
        z.object({ channel: z.object({ id: z.string() }) }),
      );
      const channel = opened.channel.id;
      const history = await slack.ask('conversations.history', { channel }, Anything);
      const Messages = z.array(
        z.object({ ts: z.string(), text: z.string(), blocks: z.array(Anything).default([]) }),
      );
      return { channel, messages: Messages.parse(history['messages']) };
    },
    async trigger(name: string) {
      const answer = await fetch(`${emulator.url}/api/views.generateTriggerId`, {
        method: 'POST',
        headers: { authorization: 'Bearer xoxb-loom', 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: await userOf(name) }),
      });
      return z.object({ trigger_id: z.string() }).parse(await answer.json()).trigger_id;
    },
  };
}

type Message = Awaited<ReturnType<typeof world.messagesTo>>['messages'][number];

function buttonOf(message: Message, action: string) {
  const buttons = message.blocks.flatMap(({ elements }) =>
    Array.isArray(elements) ? (elements as { action_id?: string; value?: string }[]) : [],
  );
  const button = buttons.find(({ action_id }) => action_id === `loom-answer:${action}`);
  if (button === undefined) throw new Error(`there is no button ${action}`);
  return button;
}

async function click(by: string, message: Message, action: string, team = 'T000000001') {
  const { channel } = await world.messagesTo(by);
  const payload = {
    type: 'block_actions',
    user: { id: await world.userOf(by), team_id: team },
    team: { id: team },
    trigger_id: await world.trigger(by),
    container: { type: 'message', message_ts: message.ts, channel_id: channel },
    actions: [{ type: 'button', ...buttonOf(message, action) }],
  };
  return world.post({ payload: JSON.stringify(payload) });
}

async function command(by: string, text: string) {
  const reply = await world.post({
    command: '/loom',
    text,
    team_id: 'T000000001',
    user_id: await world.userOf(by),
    channel_id: 'C000000001',
    trigger_id: '1.2.3',
    response_url: 'https://hooks.slack.com/commands/1',
  });
  return (JSON.parse(reply!.body) as { text: string }).text;
}

test('from being asked to an approval, by the one who is asked and is known here', async () => {
  const grace = await world.person('Grace');
  const change = await world.aChange('total');
  await world.ask(change);
  await world.settle();
  const [asked] = (await world.messagesTo('grace')).messages;

  // The mail address found her, but a name in Slack proves nothing until it is tied to the account.
  await click('grace', asked!, 'approve');
  await world.settle();
  expect(await world.asked(change)).toMatchObject([{ state: 'open' }]);

  const told = await command('grace', 'link');
  const code = /loom link (\S+)`/.exec(told)![1]!;
  const narrow = { ...grace, scopes: ['changes:read' as const] };
  await expect(world.governance.redeemIdentityCode(code, narrow)).rejects.toThrow(AppError);
  await world.governance.redeemIdentityCode(code, grace);
  await expect(world.governance.redeemIdentityCode(code, grace)).rejects.toThrow(AppError);
  expect(await command('grace', 'inbox')).toContain('Change of total');

  // Somebody else who got hold of the message, and a namesake in another company.
  await click('mallory', asked!, 'approve');
  await click('grace', asked!, 'approve', 'T999999999');
  await world.settle();
  expect(await world.asked(change)).toMatchObject([{ state: 'open' }]);

  await click('grace', asked!, 'approve');
  await click('grace', asked!, 'approve');
  await world.settle();

  const { assignments } = await world.escalations.ofChange(change.id);
  expect(assignments).toMatchObject([{ personId: grace.id, decision: 'approve' }]);
  const approvals = await world.governance.listApprovals(null, change.id);
  expect(approvals).toMatchObject([{ personId: grace.id, reason: 'Approved in Slack.' }]);
  const after = (await world.messagesTo('grace')).messages;
  expect(after).toHaveLength(1);
  expect(after[0]!.text).toContain('Grace: approve.');
  expect(JSON.stringify(after[0]!.blocks)).not.toContain('loom-answer');
});

test('sent back with words from a form, and decided elsewhere it is taken back in place', async () => {
  const change = await world.aChange('sum');
  await world.ask(change);
  await world.settle();
  const [asked] = (await world.messagesTo('grace')).messages;
  expect(asked!.text).toContain('Change of sum');

  expect(await click('grace', asked!, 'send-back')).toMatchObject({ status: 200, body: '' });
  const submitted = (words: string) => ({
    type: 'view_submission',
    team: { id: 'T000000001' },
    user: { id: 'U', team_id: 'T000000001' },
    view: {
      id: 'V1',
      callback_id: 'loom-reason',
      private_metadata: buttonOf(asked!, 'send-back').value,
      state: { values: { reason: { words: { type: 'plain_text_input', value: words } } } },
    },
  });
  const id = await world.userOf('grace');
  const send = (words: string) =>
    world.post({
      payload: JSON.stringify({ ...submitted(words), user: { id, team_id: 'T000000001' } }),
    });
  expect(JSON.parse((await send(' '))!.body)).toMatchObject({ response_action: 'errors' });
  expect(JSON.parse((await send('Round it.'))!.body)).toEqual({ response_action: 'clear' });
  await world.settle();

  const { assignments } = await world.escalations.ofChange(change.id);
  expect(assignments).toMatchObject([{ decision: 'send-back' }]);
  const [after] = (await world.messagesTo('grace')).messages;
  expect(after!.text).toContain('send back. Round it.');

  const other = await world.aChange('late');
  await world.ask(other);
  await world.settle();
  await world.db.transaction((tx) => world.escalations.closeAll(tx, other.id, 'it was merged'));
  await world.settle();
  const [last] = (await world.messagesTo('grace')).messages;
  expect(last!.text).toContain('Nothing is asked any more: it was merged.');
});

test('commands say what they can do, make work, and tell nothing to strangers', async () => {
  expect(await command('grace', 'help')).toContain('/loom inbox');
  expect(await command('mallory', 'inbox')).toContain('/loom link');
  expect(await command('grace', 'status nobody/nothing#1')).toContain('There is no change');
  // She may approve, and not order work.
  expect(await command('grace', 'work Refuse empty orders')).toContain('may not');
});
