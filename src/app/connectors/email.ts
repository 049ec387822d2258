/** Mail by SMTP. */
import { createEmailMessenger, EMAIL } from '#connectors/email';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

export const emailEntry: ConnectorEntry = {
  description: {
    name: EMAIL,
    title: 'E-mail',
    summary: 'Reviews that are asked for, and notices, by mail with links.',
    capabilities: ['messages'],
    documentation: 'docs/connectors/email.md',
  },
  open({ config }) {
    const { smtpUrl, from, allowPlaintext } = config.connectors.email;
    const settings = [
      shownSecret('connectors.email.smtpUrl', smtpUrl),
      shown('connectors.email.from', from),
    ];
    if (smtpUrl === undefined || from === undefined) {
      return { missing: 'Set connectors.email.smtpUrl and connectors.email.from.', settings };
    }
    const messenger = createEmailMessenger({ smtpUrl, from, allowPlaintext });
    return {
      settings,
      messenger,
      async test() {
        await messenger.check();
        return { account: from, findings: [{ level: 'ok', text: 'The mail server takes mail.' }] };
      },
    };
  },
};
