/** More of one item of a pack, read at the commit the pack was made at. */
import type { GitRepository } from '#git';
import { AppError, type Queryable } from '#kernel';
import { COMMENT, readComment } from './comments/index.ts';
import { readDocument } from './documents.ts';
import { maskSecrets } from './masking.ts';
import { outlineOf } from './outline.ts';
import { findCommit, readRecentCommits } from './history-store.ts';
import { findLessonRow } from './lessons/store.ts';
import { asLine, asQuote, neutralise } from './quoting.ts';
import type { ContextPack, PackItem, Repository } from './schema.ts';
import { expandSource } from './sources/pack-sources.ts';
import { shorten } from './tokens.ts';

const MAX_CHARACTERS = 16_000;
const MAX_BYTES = 1024 * 1024;
const OUTLINE_LINES = 120;
const COMMITS = 10;

export async function expandItem(
  deps: {
    db: Queryable;
    openMirror(repository: Repository): Promise<GitRepository>;
    /** Sets of readers of source documents that the caller is in. */
    openSets: readonly string[];
  },
  repository: Repository | undefined,
  pack: ContextPack,
  item: PackItem,
): Promise<{ item: PackItem; text: string }> {
  if (repository === undefined) {
    throw new AppError('not_found', 'context.repository_removed', {
      message: 'The repository of this pack was removed, so there is no more to show.',
      hint: 'The pack itself still says what was known.',
    });
  }
  return { item, text: shorten(await read(), MAX_CHARACTERS) };

  async function read(): Promise<string> {
    switch (item.kind) {
      case 'rule':
      case 'control':
      case 'decision':
      case 'incident':
      case 'document':
        return readRecord();
      case 'file':
      case 'companion':
      case 'warning':
        return readFile();
      case 'person':
        return `# ${asLine(item.title)}\n${reasonOf(item)}\n\n${await recentCommits({ author: item.title })}`;
      case 'lesson': {
        const lesson = await findLessonRow(deps.db, item.source.object);
        return quoted(lesson?.text ?? item.text);
      }
      case 'change':
        return readChange();
      case 'collision':
        return `# ${asLine(item.title)}\n${reasonOf(item)}`;
      case 'owner':
        return `# ${asLine(item.title)}\n${reasonOf(item)}\n\n${await textOf(item.source.object)}`;
    }
  }

  async function readChange(): Promise<string> {
    const commit = await findCommit(deps.db, repository!.id, item.source.object);
    const head = `# ${asLine(item.title)} (${item.source.object.slice(0, 9)})\n${reasonOf(item)}`;
    if (commit === undefined)
      return `${head}\nIt is no longer in the history of the default branch.`;
    const message = [commit.subject, commit.body].filter((part) => part !== '').join('\n\n');
    return `${head}\n\n${quoted(message)}\n\n## Files\n${quoted(commit.paths.join('\n'))}`;
  }

  async function readRecord(): Promise<string> {
    if (item.why.some(({ signal }) => signal === COMMENT)) {
      const text = await readComment(deps.db, item.source);
      return `# ${asLine(item.title)}\n${text === undefined ? 'It was deleted.' : quoted(text)}`;
    }
    if (item.source.system !== 'git') {
      const text = await expandSource(deps.db, deps.openSets, item.source);
      return text ?? `# ${asLine(item.title)}\nIt is no longer there, or no longer open to you.`;
    }
    const path = item.path ?? item.source.object;
    const head = `# ${asLine(item.title)} (${asLine(path)})`;
    const text = await load(path);
    if (text === undefined) return `${head}\nIt is no longer there at ${pack.revision}.`;
    const whole = quoted(text);
    if (whole.length <= MAX_CHARACTERS) return `${head}\n${whole}`;
    const start = Number(item.source.lines?.split('-')[0] ?? 1);
    const section = readDocument(path, neutralise(text)).sections.find(
      ({ startLine, endLine }) => startLine <= start && endLine >= start,
    );
    return `${head}\n${quoted(section?.text ?? text)}`;
  }

  async function readFile(): Promise<string> {
    const path = item.path ?? item.title;
    const text = await load(path);
    const outline = text === undefined ? '' : outlineOf(text, OUTLINE_LINES);
    const about =
      text === undefined
        ? `It is not there at ${pack.revision}.`
        : `${text.split('\n').length} lines.`;
    return [
      `# ${asLine(path)}`,
      about,
      ...(outline === '' ? [] : ['', '## Declares', quoted(outline)]),
      '',
      await recentCommits({ path }),
    ].join('\n');
  }

  async function textOf(path: string): Promise<string> {
    const text = await load(path);
    return text === undefined ? '' : quoted(text);
  }

  async function load(path: string): Promise<string | undefined> {
    if (pack.revision === null) return undefined;
    const git = await deps.openMirror(repository!);
    return git.readText(pack.revision, path, MAX_BYTES);
  }

  async function recentCommits(filter: { path: string } | { author: string }): Promise<string> {
    const commits = await readRecentCommits(deps.db, repository!.id, filter, COMMITS);
    const lines = commits.map(
      (commit) =>
        `${commit.sha.slice(0, 9)} ${commit.committedAt.toISOString().slice(0, 10)} ${asLine(commit.authorName)}: ${asLine(commit.subject)}`,
    );
    return lines.length === 0
      ? 'No commit is known.'
      : `## Recent commits\n${quoted(lines.join('\n'))}`;
  }
}

function quoted(text: string): string {
  return asQuote(maskSecrets(text));
}

function reasonOf({ why }: PackItem): string {
  return why.map(({ evidence }) => asLine(evidence)).join('; ');
}
