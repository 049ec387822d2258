/** Plain web pages from a list. */
import { createWebSource, readPlace, WEB } from '#connectors/web';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown } from './entry.ts';

export const webEntry: ConnectorEntry = {
  description: {
    name: WEB,
    title: 'Web pages',
    summary: 'Chosen pages of the web become knowledge that agents are given.',
    capabilities: ['knowledge'],
    documentation: 'docs/guides/documents.md',
  },
  open({ config, clock }) {
    const { pages, insideUrls, ...given } = config.connectors.web;
    const settings = [
      shown('connectors.web.pages', pages.join(', ') || undefined),
      shown('connectors.web.insideUrls', insideUrls.join(', ') || undefined),
      ...shownPlaces(WEB, given),
    ];
    if (pages.length === 0) return { missing: 'Set connectors.web.pages.', settings };
    const list = pages.map(readPlace);
    const names = list.map(({ place }) => place);
    const places = readDocumentPlaces(WEB, names, given);
    const knowledge = createWebSource({ list, places, insideUrls, clock });
    return {
      settings,
      knowledge,
      async test() {
        const first = await Promise.all(names.map((name) => knowledge.sweep(name, null)));
        return {
          account: 'nobody in particular',
          findings: first.map(({ items }, index) =>
            items.length > 0
              ? { level: 'ok', text: `${names[index]} can be read.` }
              : {
                  level: 'warning',
                  text: `${names[index]} has no page to read.`,
                  hint: 'It is not there, leads elsewhere, or is neither HTML nor text.',
                },
          ),
        };
      },
    };
  },
};
