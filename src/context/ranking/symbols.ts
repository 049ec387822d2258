/** Names a source file defines, found by the shape of its lines in any usual language. Pure. */

const DEFINITION =
  /\b(?:func|function|class|interface|type|struct|enum|trait|def|fn|protocol|record|object|namespace|module|const|let|var|val|message|service|rpc|impl|macro_rules!|TABLE|PROCEDURE|VIEW)\s+(?:\([^)\n]{0,200}\)\s*)?\[?(?:dbo\]?\.\[?)?([A-Za-z_]\w{2,80})|\b(?:public|private|protected|internal|static|async|export)\b[\w<>[\]?,. ]{0,120}?\s(\w{3,80})\s*[({=]/g;
const MAX_SYMBOLS = 2_000;

export function readSymbols(text: string): string[] {
  const symbols = new Set<string>();
  for (const match of text.matchAll(DEFINITION)) {
    symbols.add((match[1] ?? match[2])!);
    if (symbols.size >= MAX_SYMBOLS) break;
  }
  return [...symbols];
}
