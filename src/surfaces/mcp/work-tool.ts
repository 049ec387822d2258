/** `next_work`: an agent asks what to do next. */
import { z } from 'zod';
import { asLine, asQuote, neutralise } from '#context';
import { common, needSession, tool } from './tool.ts';

export const nextWorkTool = tool({
  name: 'next_work',
  title: 'Take the next work item',
  description: 'Take the next open task, issue or ticket; nobody else gets the same one.',
  action: 'work:write',
  isReadOnly: false,
  isIdempotent: false,
  input: z.object({ ...common, labels: z.array(z.string().max(100)).max(20).optional() }),
  output: z.object({
    item: z
      .object({ id: z.string(), title: z.string(), text: z.string(), url: z.string().nullable() })
      .nullable(),
    message: z.string(),
  }),
  async run(call, { repository, labels }) {
    const session = needSession(call);
    const { item, reason, skipped } = await call.services.work.handOut(session.id, {
      repository: repository ?? session.repository ?? undefined,
      labels,
    });
    const passed = skipped.map(({ id, reason: why }) => `Passed over ${id}: ${asLine(why)}`);
    if (item === undefined) {
      const message = [reason ?? 'No work item is open.', ...passed].join('\n');
      return { text: message, structured: { item: null, message } };
    }
    const { id, url } = item;
    // Anybody may open an issue: what they wrote is the task, and no word of ours.
    const title = asLine(item.title);
    const text = neutralise(item.text);
    const message = [`You hold ${id} now.`, ...passed].join('\n');
    return {
      text: [
        message,
        `Title: ${title}`,
        ...(url === null ? [] : [`Where it was asked: ${asLine(url)}`]),
        `What it says, as it was written:\n${asQuote(text)}`,
      ].join('\n\n'),
      structured: { item: { id, title, text, url }, message },
    };
  },
});
