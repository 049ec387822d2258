/**
 * Slack's Block Kit for what we say. Everything outside is escaped and nobody is mentioned: `<!channel>`
 * in a title is text. Pure. https://docs.slack.dev/reference/block-kit
 */
import type { EscalationMessage, EscalationOutcome } from '#connectors/contract';
import { ANSWER_ACTION, packAnswer, REASON_FORM, type SlackAnswer } from './deliveries.ts';

export type Block = Readonly<Record<string, unknown>>;

const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const DECISIONS = new Set(['approve', 'approve-with-watch', 'send-back', 'hand-over']);

/** The three characters that begin something in Slack's markup. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const plain = (text: string, max: number) => ({
  type: 'plain_text',
  // Slack refuses empty texts.
  text: text.replaceAll(/\s+/g, ' ').trim().slice(0, max) || '-',
  emoji: false,
});
const section = (text: string): Block => ({
  type: 'section',
  // Plain text is shown as it is: no markup, no mentions, no links that look like others.
  text: { type: 'plain_text', text: text.slice(0, MAX_SECTION) || '-', emoji: false },
});

/** The package with its lines and one button for each answer. */
export function escalationBlocks(message: EscalationMessage): Block[] {
  return [
    { type: 'header', text: plain(message.subject, MAX_HEADER) },
    ...joinLines(message.lines).map(section),
    {
      type: 'context',
      elements: [
        plain(`For ${message.to.name}. After ${message.deadline} the next person is asked.`, 300),
      ],
    },
    {
      type: 'actions',
      block_id: `loom-${message.assignmentId}`.slice(0, 255),
      elements: buttons(message),
    },
  ];
}

function buttons(message: EscalationMessage): Block[] {
  const answers = message.actions
    .filter(({ action }) => DECISIONS.has(action))
    .map(({ action, label }) => {
      const decision = action as SlackAnswer['decision'];
      const { assignmentId, packageSha256 } = message;
      return {
        type: 'button',
        action_id: `${ANSWER_ACTION}:${action}`,
        text: plain(label, 75),
        value: packAnswer({ assignmentId, decision, packageSha256 }),
        ...(action === 'approve' ? { style: 'primary', confirm: CONFIRM } : {}),
        ...(action === 'send-back' ? { style: 'danger' } : {}),
      };
    });
  return [
    ...answers.slice(0, 4),
    {
      type: 'button',
      action_id: 'loom-open',
      text: plain('Open in LoomStack', 75),
      url: message.url,
    },
  ];
}

const CONFIRM = {
  title: plain('Approve this change?', 100),
  text: plain('Your consent is recorded for exactly this commit.', 300),
  confirm: plain('Approve', 30),
  deny: plain('Not yet', 30),
};

/** What stands in place of a question that is over: no buttons, but where to look. */
export function outcomeBlocks(outcome: EscalationOutcome): Block[] {
  return [
    { type: 'header', text: plain(outcome.subject, MAX_HEADER) },
    section(outcome.summary),
    {
      type: 'actions',
      elements: [
        {
          type: 'button',
          action_id: 'loom-open',
          text: plain('Open in LoomStack', 75),
          url: outcome.url,
        },
      ],
    },
  ];
}

export function noticeBlocks(subject: string, text: string): Block[] {
  return [{ type: 'header', text: plain(subject, MAX_HEADER) }, ...joinLines([text]).map(section)];
}

/** Asks for the words that sending back and handing over need. */
export function reasonForm(answer: SlackAnswer, channelId: string): Block {
  const isSendingBack = answer.decision === 'send-back';
  return {
    type: 'modal',
    callback_id: REASON_FORM,
    private_metadata: packAnswer(answer, channelId),
    title: plain(isSendingBack ? 'Send back' : 'Hand over', 24),
    submit: plain(isSendingBack ? 'Send back' : 'Hand over', 24),
    close: plain('Cancel', 24),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: plain(isSendingBack ? 'What should be done?' : 'Why somebody else?', 150),
        element: {
          type: 'plain_text_input',
          action_id: 'words',
          multiline: true,
          max_length: 3_000,
        },
      },
    ],
  };
}

/** Lines in as few sections as they fit in; Slack takes fifty blocks. */
function joinLines(lines: readonly string[]): string[] {
  const texts: string[] = [];
  for (const line of lines.flatMap((one) => chunksOf(one))) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + line.length + 1 <= MAX_SECTION) {
      texts[texts.length - 1] = `${last}\n${line}`;
    } else texts.push(line);
  }
  return texts.slice(0, 40);
}

function chunksOf(line: string): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < line.length; at += MAX_SECTION)
    chunks.push(line.slice(at, at + MAX_SECTION));
  return chunks;
}
