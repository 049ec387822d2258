/** Reads a unified diff into files and lines, for showing. Pure. */

export interface PatchLine {
  kind: 'added' | 'removed' | 'context' | 'hunk' | 'note';
  oldLine: number | null;
  newLine: number | null;
  text: string;
}

/** Path on the new side (the old one for a deletion) -> its lines. */
export function parsePatch(text: string): Map<string, PatchLine[]> {
  const files = new Map<string, PatchLine[]>();
  let lines: PatchLine[] = [];
  let oldLine = 0;
  let newLine = 0;
  let isInHunk = false;

  for (const line of text.split('\n')) {
    if (line.startsWith('diff --git ')) {
      lines = [];
      isInHunk = false;
      const path = / b\/(.*)$/.exec(line)?.[1];
      if (path !== undefined) files.set(path.replace(/"$/, ''), lines);
      continue;
    }
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/.exec(line);
    if (hunk !== null) {
      isInHunk = true;
      oldLine = Number(hunk[1]);
      newLine = Number(hunk[2]);
      lines.push({ kind: 'hunk', oldLine: null, newLine: null, text: hunk[3] ?? '' });
    } else if (!isInHunk) {
      if (line.startsWith('Binary files')) {
        lines.push({ kind: 'note', oldLine: null, newLine: null, text: 'Binary file' });
      }
    } else if (line.startsWith('+')) {
      lines.push({ kind: 'added', oldLine: null, newLine: newLine++, text: line.slice(1) });
    } else if (line.startsWith('-')) {
      lines.push({ kind: 'removed', oldLine: oldLine++, newLine: null, text: line.slice(1) });
    } else if (line.startsWith(' ')) {
      lines.push({ kind: 'context', oldLine: oldLine++, newLine: newLine++, text: line.slice(1) });
    } else if (line.startsWith('\\')) {
      lines.push({ kind: 'note', oldLine: null, newLine: null, text: line.slice(2) });
    }
  }
  return files;
}
