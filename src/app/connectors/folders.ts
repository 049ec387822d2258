/** Folders of documents on this machine. */
import { createFoldersSource, FOLDERS, listDocuments } from '#connectors/folders';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown } from './entry.ts';

export const foldersEntry: ConnectorEntry = {
  description: {
    name: FOLDERS,
    title: 'Folders',
    summary: 'Folders of Markdown on this machine become knowledge that agents are given.',
    capabilities: ['knowledge'],
    documentation: 'docs/guides/documents.md',
  },
  open({ config }) {
    const { paths, ...given } = config.connectors.folders;
    const settings = [
      shown('connectors.folders.paths', paths.join(', ') || undefined),
      ...shownPlaces(FOLDERS, given),
    ];
    if (paths.length === 0) return { missing: 'Set connectors.folders.paths.', settings };
    const places = readDocumentPlaces(FOLDERS, paths, given);
    return {
      settings,
      knowledge: createFoldersSource({ folders: paths, places }),
      async test() {
        const found = await Promise.all(paths.map((path) => listDocuments(path)));
        return {
          account: `the user of this server`,
          findings: paths.map((path, index) => {
            const { length } = found[index]!;
            return length > 0
              ? { level: 'ok' as const, text: `${length} documents in ${path}.` }
              : {
                  level: 'warning' as const,
                  text: `No document in ${path}.`,
                  hint: 'Files named .md, .mdx, .adoc, .rst, .txt and .html are read.',
                };
          }),
        };
      },
    };
  },
};
