/** Mails as text and as HTML with nothing but text in it. Pure. */
import type { EscalationMessage, Notice } from '#connectors/contract';

export interface Mail {
  subject: string;
  text: string;
  html: string;
}

const MAX_SUBJECT = 200;

export function escalationMail(message: EscalationMessage): Mail {
  const { subject, lines, url, deadline, to } = message;
  const after = `After ${deadline} the next person is asked.`;
  return {
    subject: oneLine(subject),
    text: [`Hello ${oneLine(to.name)},`, '', ...lines, '', `Answer here: ${url}`, after].join('\n'),
    html: [
      `<p>Hello ${escapeHtml(oneLine(to.name))},</p>`,
      `<p>${lines.map(escapeHtml).join('<br>\n')}</p>`,
      `<p><a href="${escapeHtml(url)}">Read it in full and answer</a></p>`,
      `<p>${escapeHtml(after)}</p>`,
    ].join('\n'),
  };
}

export function noticeMail({ subject, text }: Notice): Mail {
  return {
    subject: oneLine(subject),
    text,
    html: `<p>${text.split('\n').map(escapeHtml).join('<br>\n')}</p>`,
  };
}

/** A line break in a header would begin one of the text's own choosing. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_SUBJECT);
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** One plain address: nothing that a mail server could read as two, or as an option. */
export function isAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[A-Za-z0-9._%+][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9.-]+\.?[A-Za-z0-9-]+$/.test(text)
  );
}
