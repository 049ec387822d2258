/** The lines of a file an agent would skim: what is declared in it. */
import { shorten } from './tokens.ts';

const DECLARATION =
  /^\s{0,4}(?:export\s+(?:default\s+)?(?:async\s+)?(?:abstract\s+)?(?:function|class|interface|type|enum|const|let)\b|(?:pub(?:\([a-z]+\))?\s+)?(?:async\s+)?(?:fn|struct|enum|trait|impl|mod)\b|func\b|type\s+\w+\s+(?:struct|interface)\b|(?:async\s+)?def\s+\w+|class\s+\w+|(?:async\s+)?function\s*\*?\s*\w+|module\.exports\b|(?:public|protected|private|internal)\s+(?:static\s+|final\s+|abstract\s+|sealed\s+|override\s+|async\s+)*[\w<>[\],.?]+\s+\w+|create\s+(?:table|view|index|function)\b|message\s+\w+|service\s+\w+|rpc\s+\w+)/i;
const MAX_LINES = 12;
const MAX_LINE_LENGTH = 110;

/** At most a dozen signatures, without bodies; empty when the file declares nothing we know. */
export function outlineOf(text: string, maxLines = MAX_LINES): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.length > 400 || !DECLARATION.test(line)) continue;
    lines.push(shorten(line.trim().replace(/\s*[{(:=]\s*$/, ''), MAX_LINE_LENGTH));
    if (lines.length === maxLines) break;
  }
  return lines.join('\n');
}
