/**
 * Mail as a channel to people: what is asked, and where to answer it. A link never answers by itself,
 * because whoever reads a mailbox, or a scanner that opens every link, is not the person.
 */
import { hash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { Messenger, Notice, EscalationMessage } from '#connectors/contract';
import { AppError } from '#kernel';
import { escalationMail, isAddress, type Mail, noticeMail } from './render.ts';

export const EMAIL = 'email';

export interface EmailOptions {
  /** `smtps://user:password@host:465`, or `smtp://host:587` with STARTTLS. */
  smtpUrl: string;
  from: string;
  /** Otherwise a server beyond loopback must speak TLS. */
  allowPlaintext?: boolean;
  timeoutMs?: number;
}

export interface EmailMessenger extends Messenger {
  sendNotice: NonNullable<Messenger['sendNotice']>;
  /** Connects and logs in, and sends nothing. @throws AppError in our words. */
  check(): Promise<void>;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** @throws AppError `email.bad_settings`. */
export function createEmailMessenger(options: EmailOptions): EmailMessenger {
  const { smtpUrl, from, allowPlaintext = false, timeoutMs = 20_000 } = options;
  const url = readUrl(smtpUrl);
  if (!isAddress(addressOf(from))) throw badSettings('connectors.email.from is no address.');
  const isLocal = LOOPBACK.test(url.hostname);
  const transport = createTransport({
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port || (url.protocol === 'smtps:' ? 465 : 587)),
    secure: url.protocol === 'smtps:',
    requireTLS: url.protocol === 'smtp:' && !isLocal && !allowPlaintext,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Files and addresses in a mail's text are text.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username === ''
      ? {}
      : {
          auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
        }),
  });
  const domain = addressOf(from).split('@').at(-1)!;

  async function send(to: string, mail: Mail, key: string) {
    // One key is one mail: where it was sent twice after all, mail programs show it once.
    const messageId = `<${hash('sha256', key, 'hex').slice(0, 40)}@${domain}>`;
    try {
      await transport.sendMail({
        from,
        to,
        messageId,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        ...mail,
      });
    } catch (error) {
      throw toFailure(error, url.host);
    }
    return { externalId: messageId };
  }

  return {
    name: EMAIL,

    async sendEscalation(message: EscalationMessage, key) {
      const address = message.to.identities
        .map((identity) => /^email:(.+)$/.exec(identity)?.[1])
        .find((found) => found !== undefined && isAddress(found));
      return address === undefined ? undefined : send(address, escalationMail(message), key);
    },

    async sendNotice(notice: Notice, key) {
      return isAddress(notice.to) ? send(notice.to, noticeMail(notice), key) : undefined;
    },

    async check() {
      try {
        await transport.verify();
      } catch (error) {
        throw toFailure(error, url.host);
      }
    },
  };
}

function readUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === 'smtp:' || url.protocol === 'smtps:') return url;
  } catch {
    // Said below, without the text: it may hold a password.
  }
  throw badSettings('connectors.email.smtpUrl is not smtp://… or smtps://…');
}

/** The address in `Name <address>`. */
export function addressOf(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
}

function badSettings(message: string): AppError {
  return new AppError('invalid', 'email.bad_settings', {
    message,
    hint: 'See docs/connectors/email.md for examples.',
  });
}

/** What the server says may quote the address of a person or our login, so it goes to the log alone. */
function toFailure(error: unknown, host: string): AppError {
  const { responseCode, code } = (error ?? {}) as { responseCode?: number; code?: string };
  if (code === 'EAUTH') {
    return new AppError('unavailable', 'email.bad_credentials', {
      message: `The mail server ${host} does not accept our login.`,
      hint: 'Correct the user and password in connectors.email.smtpUrl.',
    });
  }
  // 5yz is for good (RFC 5321); everything else may pass.
  if (responseCode !== undefined && responseCode >= 500) {
    return new AppError('invalid', 'email.refused', {
      message: `The mail server ${host} refused the mail (${responseCode}).`,
      hint: 'Check sender and recipient; the server log of the mail server says more.',
    });
  }
  return new AppError('unavailable', 'email.unreachable', {
    message: `The mail server ${host} cannot be used now${code === undefined ? '' : ` (${code})`}.`,
    hint: 'Check connectors.email.smtpUrl and the firewall; it is tried again.',
  });
}
