/** Wikis that are git repositories. */
import { join } from 'node:path';
import { createWikiSource, WIKI } from '#connectors/wiki';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

export const wikiEntry: ConnectorEntry = {
  description: {
    name: WIKI,
    title: 'Git wikis',
    summary: 'Wikis of GitHub, GitLab and Gitea become knowledge that agents are given.',
    capabilities: ['knowledge'],
    documentation: 'docs/guides/documents.md',
  },
  open({ config }) {
    const { urls, user, token, ...given } = config.connectors.wiki;
    const settings = [
      shown('connectors.wiki.urls', urls.join(', ') || undefined),
      shown('connectors.wiki.user', user),
      shownSecret('connectors.wiki.token', token),
      ...shownPlaces(WIKI, given),
    ];
    if (urls.length === 0) return { missing: 'Set connectors.wiki.urls.', settings };
    const basic = Buffer.from(`${user}:${token ?? ''}`).toString('base64');
    const source = createWikiSource({
      urls,
      places: readDocumentPlaces(WIKI, urls, given),
      folder: join(config.data, 'wikis'),
      headers: token === undefined ? undefined : { Authorization: `Basic ${basic}` },
    });
    return {
      settings,
      knowledge: source,
      async test() {
        const lists = await Promise.all(urls.map((url) => source.listObjects(url)));
        return {
          account: token === undefined ? 'nobody in particular' : user,
          findings: lists.map(({ objects }, index) => ({
            level: objects.length > 0 ? ('ok' as const) : ('warning' as const),
            text: `${objects.length} pages in ${urls[index]}.`,
          })),
        };
      },
    };
  },
};
