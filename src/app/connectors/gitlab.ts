/** GitLab, with one access token. */
import {
  createGitLabClient,
  createGitLabHost,
  createGitLabSource,
  createGitLabSweep,
  testGitLab,
} from '#connectors/gitlab';
import { type ConnectorDeps, type ConnectorEntry, shown, shownSecret } from './entry.ts';

const HOOK_SECRET = 'gitlab-webhook';

export const gitlabEntry: ConnectorEntry = {
  description: {
    name: 'gitlab',
    title: 'GitLab',
    summary: 'Merge requests, pipelines and issues; verdicts, reviewers and merges go back.',
    capabilities: ['signals', 'code-host'],
    documentation: 'docs/connectors/gitlab.md',
  },

  ownSecret: ({ config: { gitlab } }: ConnectorDeps) =>
    gitlab.token !== undefined && gitlab.webhookSecret === undefined ? HOOK_SECRET : undefined,

  open({ config, clock, secrets }) {
    const { url, token, webhookSecret } = config.gitlab;
    const settings = [
      shown('gitlab.url', url),
      shownSecret('gitlab.token', token),
      shownSecret('gitlab.webhookSecret', webhookSecret),
    ];
    if (token === undefined) return { missing: 'Set gitlab.token.', settings };
    const client = createGitLabClient({ url, token, clock });
    return {
      settings,
      source: createGitLabSource({
        webhookSecret: webhookSecret ?? secrets.ensure(HOOK_SECRET),
        clock,
      }),
      host: createGitLabHost(client),
      sweep: createGitLabSweep({ client, clock }),
      test: () => testGitLab(client),
      rate: () => client.budget.snapshot(),
    };
  },
};
