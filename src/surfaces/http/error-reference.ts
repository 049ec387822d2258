/** The page behind `type` of every problem: all error codes, from the tables in docs/errors. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../docs/errors');
const ROW = /^\| `(?<code>[a-z0-9_.-]+)`\s*\|(?<meaning>[^|]*)\|(?<remedy>[^|]*)\|\s*$/gm;

export interface DocumentedError {
  code: string;
  meaning: string;
  remedy: string;
}

export async function readErrors(folder = FOLDER): Promise<DocumentedError[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.md'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts
    .flatMap((text) => [...text.matchAll(ROW)].map(({ groups }) => groups as unknown))
    .map((row) => row as DocumentedError)
    .map(({ code, meaning, remedy }) => ({ code, meaning: meaning.trim(), remedy: remedy.trim() }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

export function renderErrors(errors: readonly DocumentedError[]): string {
  const rows = errors.map(
    ({ code, meaning, remedy }) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${toHtml(meaning)}</td><td>${toHtml(remedy)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>LoomStack error codes</title>
<link rel="stylesheet" href="/docs/page.css">
</head>
<body class="single">
<main>
<h1>Error codes</h1>
<p>Every failure carries one of these as <code>code</code>. <a href="/docs">API reference</a></p>
<table>
<thead><tr><th scope="col">Code</th><th scope="col">Meaning</th><th scope="col">What to do</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</main>
</body>
</html>
`;
}

function toHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
