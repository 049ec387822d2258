/** Files as the graph knows them: one thing through all its names, until it is deleted. */
import { repositoryRef } from './refs.ts';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';

export interface FileName {
  path: string;
  /** Position of the commit that gave it this name; null when it took the file away. */
  position: number;
  isGone: boolean;
}

/** The repository itself. */
export function repositoryDraft(view: RepositoryView): Draft {
  const self = repositoryRef(view.name);
  return {
    object: `repository:${view.name}`,
    extractor: 'git-repository',
    extractorVersion: 1,
    revision: view.shaAt(0),
    position: 0,
    facts: [
      { kind: 'is', from: self, to: self, method: 'declared', properties: { title: view.name } },
    ],
  };
}

/** One draft per name a file had, oldest first, and one without facts when it was deleted. */
export function fileDrafts(
  view: RepositoryView,
  file: ViewedFile,
  names: readonly FileName[],
): Draft[] {
  const isGone = view.files.get(file.path)?.ref.key !== file.ref.key;
  const known = names.at(-1);
  // The tree is the truth where history was cut short.
  const isTrue =
    known !== undefined && known.isGone === isGone && (isGone || known.path === file.path);
  const last = { path: file.path, position: isGone ? view.head.position : file.position, isGone };
  return (isTrue ? names : [...names, last]).map(({ path, position, isGone: hasEnded }) => ({
    object: `file:${file.ref.key}`,
    extractor: 'git-files',
    extractorVersion: 1,
    revision: view.shaAt(position),
    position,
    facts: hasEnded
      ? []
      : [
          {
            kind: 'contains',
            from: repositoryRef(view.name),
            to: file.ref,
            method: 'declared',
            properties: { title: path, path, class: file.class },
          },
        ],
  }));
}
