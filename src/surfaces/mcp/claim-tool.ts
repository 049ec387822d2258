/** `claim`: one tool for taking, giving back, and every way on after a denial, because each schema costs. */
import { z } from 'zod';
import { AppError, isId } from '#kernel';
import { CHOICES, type Choice, type ClaimAnswer } from '#orchestration';
import { mayEndSession } from '../own-session.ts';
import { renderNotes, takeNotes } from '../session-notes.ts';
import {
  common,
  needSession,
  paths,
  type Question,
  tool,
  type ToolAnswer,
  type ToolCall,
} from './tool.ts';

const output = z.object({ outcome: z.string(), message: z.string(), choices: z.array(z.string()) });
type Output = z.output<typeof output>;

export const claimTool = tool({
  name: 'claim',
  title: 'Claim files',
  description:
    'Reserve files before editing, so that no other agent changes them; or resolve a denial.',
  action: 'sessions:write',
  isReadOnly: false,
  isIdempotent: true,
  input: z.object({
    ...common,
    paths: paths.min(1).describe('a.ts, src/, db/*.sql, a.ts#fn, port:3000, issue:o/r#1'),
    intent: z.string().max(500).optional().describe('Why, for the others'),
    action: z
      .enum(['take', 'release', 'give', ...CHOICES])
      .optional()
      .describe('Default take; give moves your claim `to`; others answer a denial'),
    to: z.string().optional(),
  }),
  output,
  async run(call, input): Promise<ToolAnswer<Output> | { question: Question }> {
    const { id: sessionId } = needSession(call);
    const { action = 'take' } = input;
    const told = await act(call, sessionId, { ...input, action });
    if ('question' in told) return told;
    // A call is a sign of life, and the moment to tell what happened meanwhile.
    await call.services.sessions.touch(sessionId);
    const news = renderNotes(await takeNotes(call.services, sessionId));
    const message = news === undefined ? told.message : `${told.message}\n\n${news}`;
    const structured = { ...told, message };
    const choices = structured.choices.map((choice) => `- ${choice}`);
    return { text: [message, ...choices].join('\n'), structured };
  },
});

interface Asked {
  paths: string[];
  intent?: string | undefined;
  to?: string | undefined;
  action: 'take' | 'release' | 'give' | Choice;
}

async function act(
  call: ToolCall,
  sessionId: `ses_${string}`,
  { paths: targets, intent, to, action }: Asked,
): Promise<Output | { question: Question }> {
  const { claims, negotiation } = call.services;
  switch (action) {
    case 'take': {
      const answer = await claims.acquire({
        sessionId,
        repository: await call.repository(),
        targets,
        ...(intent === undefined ? {} : { intent }),
      });
      if (answer.outcome === 'denied') {
        const moved = await moveOwn(call, sessionId, targets, answer);
        if (moved !== undefined) return moved;
        return { outcome: 'denied', message: answer.message, choices: answer.choices };
      }
      const held = answer.claims.map(({ target }) => target).join(', ');
      return { outcome: 'granted', message: `You hold ${held}.`, choices: [] };
    }
    case 'release': {
      const count = await claims.release({
        sessionId,
        targets,
        reason: 'given back by the agent',
      });
      return { outcome: 'released', message: `${count} given back.`, choices: [] };
    }
    case 'give': {
      const { message } = await negotiation.handOver({
        sessionId,
        to: sessionNamed(to ?? ''),
        targets,
        note: intent,
      });
      return { outcome: 'given', message, choices: [] };
    }
    default: {
      const answer = await negotiation.choose(
        {
          sessionId,
          repository: await call.repository(),
          choice: action,
          targets,
          note: intent,
          withSessionId: to === undefined ? undefined : sessionNamed(to),
        },
        (session) => mayEndSession(call.services, call.principal, session),
      );
      return { outcome: action, message: answer.message, choices: [] };
    }
  }
}

const HAND_OVER = 'hand it over';
const LEAVE_IT = 'leave it there';

/** Two sessions of one person want the same: that person may say which of them gets it. */
async function moveOwn(
  { services, session, canAsk, answerTo, repository }: ToolCall,
  sessionId: `ses_${string}`,
  targets: string[],
  { conflicts, message }: Extract<ClaimAnswer, { outcome: 'denied' }>,
): Promise<Output | { question: Question } | undefined> {
  const [holder, ...others] = new Set(conflicts.map(({ heldBy }) => heldBy.sessionId));
  if (!canAsk || holder === undefined || others.length > 0) return undefined;
  const other = await services.sessions.find(holder);
  if (other?.operatorId == null || other.operatorId !== session?.operatorId) return undefined;
  const answer = answerTo('claim');
  if (answer === undefined) {
    return { question: { key: 'claim', message, options: [HAND_OVER, LEAVE_IT] } };
  }
  if (answer !== HAND_OVER) return undefined;
  const moved = await services.negotiation.handOver({
    sessionId: holder,
    to: sessionId,
    targets,
    repository: await repository(),
    note: 'moved by the person who runs both sessions',
  });
  return { outcome: 'granted', message: moved.message, choices: [] };
}

function sessionNamed(id: string): `ses_${string}` {
  if (isId('ses', id)) return id;
  throw new AppError('invalid', 'mcp.bad_session', {
    message: `${id === '' ? 'Nothing' : id} is not the id of a session.`,
    hint: 'Pass `to` with the id of the other session; it starts with ses_.',
  });
}
