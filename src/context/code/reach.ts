/**
 * Who may use what a file declares: other files, its own file, or only what it lies in. Read from the
 * tree around a definition, by the rules of its language; a few steps up, whatever the depth.
 */
import type { Node } from 'web-tree-sitter';
import type { Language } from './languages.ts';
import type { Definition } from './outline.ts';

/** What may stand between a definition and the top of its file without hiding it. */
const TRANSPARENT = new Set([
  'lexical_declaration',
  'variable_declaration',
  'decorated_definition',
  'expression_statement',
  'type_declaration',
  'const_declaration',
  'var_declaration',
  'var_spec_list',
  'declaration_list',
  'mod_item',
  'namespace_declaration',
  'file_scoped_namespace_declaration',
  'namespace_definition',
  'compound_statement',
  'body_statement',
  'module_statement',
]);
const TOP = new Set(['program', 'module', 'source_file', 'compilation_unit']);
const MAX_STEPS = 8;

/** Undefined for what lies inside of a class, a function or an implementation. */
export function reachOf(
  language: Language,
  name: string,
  kind: string,
  whole: Node,
): Definition['reach'] {
  if (kind === 'method' && language !== 'ruby') return undefined;
  if (kind === 'property') return undefined;
  let isExport = false;
  let around = whole.parent;
  for (let step = 0; ; step += 1) {
    if (around === null || step > MAX_STEPS) return undefined;
    if (around.type === 'export_statement') isExport = true;
    // Ruby calls its own modules by the name other grammars have for a whole file.
    else if (TOP.has(around.type) && (language !== 'ruby' || around.type === 'program')) break;
    else if (!TRANSPARENT.has(around.type) && !(language === 'ruby' && around.type === 'module')) {
      return undefined;
    }
    around = around.parent;
  }
  return isExport || isOpen(language, name, whole) ? 'exported' : 'top';
}

/** Whether its language lets other files use what stands at the top of this one. */
function isOpen(language: Language, name: string, whole: Node): boolean {
  switch (language) {
    case 'typescript':
    case 'tsx':
    case 'javascript':
      return false;
    case 'python':
      return !name.startsWith('_');
    case 'go':
      return /^\p{Lu}/u.test(name);
    case 'rust':
      return whole.firstChild?.type === 'visibility_modifier';
    case 'kotlin':
      return !/\bprivate\b/.test(
        whole.firstChild?.type === 'modifiers' ? whole.firstChild.text : '',
      );
    case 'java':
    case 'c-sharp':
    case 'ruby':
    case 'php':
      return true;
  }
}
