/** Rule files of agents, and the paths each holds for: by its place, or by its own word. */
import { asText, listOf } from './front-matter.ts';

/** Where a rule file holds by its place; undefined when the path is no rule file. */
export function scopeByPlace(path: string): string[] | undefined {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const name = path.slice(folder === '' ? 0 : folder.length + 1);
  if (/^(?:AGENTS|CLAUDE|GEMINI)\.md$|^\.(?:cursor|windsurf|cline)rules$/.test(name)) {
    return folder === '' ? [] : [`${folder}/**`];
  }
  if (path === '.github/copilot-instructions.md') return [];
  if (/^\.github\/instructions\/.+\.instructions\.md$/.test(path)) return [];
  const cursor = /^(?<base>(?:.*\/)?)\.cursor\/rules\/.+\.mdc?$/.exec(path);
  if (cursor?.groups !== undefined) {
    return cursor.groups['base'] === '' ? [] : [`${cursor.groups['base']}**`];
  }
  return undefined;
}

/** Globs a rule holds for: `globs` of Cursor, `applyTo` of Copilot, `paths` of Claude Code. */
export function scopeOf(path: string, values: Readonly<Record<string, unknown>>): string[] {
  const byPlace = scopeByPlace(path) ?? [];
  if (values['alwaysApply'] === true || asText(values['alwaysApply']) === 'true') return byPlace;
  const globs = [values['globs'], values['applyTo'], values['paths']]
    .flatMap(listOf)
    .flatMap((text) => text.split(/,(?![^{]{0,200}\})/))
    .map((glob) =>
      glob
        .trim()
        .replace(/^["']|["']$/g, '')
        .replace(/^\.?\//, ''),
    )
    .filter((glob) => glob !== '' && glob.length < 300);
  if (globs.length === 0) return byPlace;
  return globs.includes('**') || globs.includes('**/*') || globs.includes('*') ? [] : globs;
}
