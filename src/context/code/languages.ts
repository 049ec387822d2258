/** Languages we read the structure of, by file ending, and what to look for in their trees. */

export const LANGUAGES = [
  'typescript',
  'tsx',
  'javascript',
  'python',
  'go',
  'java',
  'rust',
  'c-sharp',
  'ruby',
  'php',
  'kotlin',
] as const;
export type Language = (typeof LANGUAGES)[number];

const ENDINGS: Readonly<Record<string, Language>> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  py: 'python',
  pyi: 'python',
  go: 'go',
  java: 'java',
  rs: 'rust',
  cs: 'c-sharp',
  rb: 'ruby',
  rake: 'ruby',
  php: 'php',
  kt: 'kotlin',
  kts: 'kotlin',
};

/** Undefined for languages whose text alone is read. */
export function languageOf(path: string): Language | undefined {
  return ENDINGS[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
}

const JAVASCRIPT = `
(import_statement source: (string (string_fragment) @import))
(export_statement source: (string (string_fragment) @import))
(call_expression function: (identifier) @_require arguments: (arguments (string (string_fragment) @import)) (#eq? @_require "require"))
(call_expression function: (import) arguments: (arguments (string (string_fragment) @import)))
(function_declaration name: (identifier) @function)
(generator_function_declaration name: (identifier) @function)
(method_definition name: (property_identifier) @method)
(program (lexical_declaration (variable_declarator name: (identifier) @constant)))
(program (variable_declaration (variable_declarator name: (identifier) @constant)))
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @constant)))
(export_statement (export_clause (export_specifier name: (identifier) @_exported)) !source)
(export_statement value: (identifier) @_exported)
`;
const TYPESCRIPT = `${JAVASCRIPT}
(class_declaration name: (type_identifier) @class)
(abstract_class_declaration name: (type_identifier) @class)
(interface_declaration name: (type_identifier) @interface)
(type_alias_declaration name: (type_identifier) @type)
(enum_declaration name: (identifier) @enum)
(internal_module name: (identifier) @module)
`;
const JAVA_TYPES = `
(class_declaration name: (identifier) @class)
(interface_declaration name: (identifier) @interface)
(enum_declaration name: (identifier) @enum)
(record_declaration name: (identifier) @class)
(method_declaration name: (identifier) @method)
`;

/**
 * Tree-sitter queries: a capture named after a kind of definition is its name, whose parent is the
 * definition; `import` is what is imported, as written.
 */
export const QUERIES: Readonly<Record<Language, string>> = {
  typescript: TYPESCRIPT,
  tsx: TYPESCRIPT,
  javascript: `${JAVASCRIPT}
(class_declaration name: (identifier) @class)
`,
  python: `
(import_statement name: (dotted_name) @import)
(import_statement name: (aliased_import name: (dotted_name) @import))
(import_from_statement) @import
(class_definition name: (identifier) @class)
(function_definition name: (identifier) @function)
(module (expression_statement (assignment left: (identifier) @constant)))
`,
  go: `
(import_spec path: (interpreted_string_literal) @import)
(type_spec name: (type_identifier) @type)
(type_alias name: (type_identifier) @type)
(function_declaration name: (identifier) @function)
(method_declaration name: (field_identifier) @method)
(source_file (const_declaration (const_spec name: (identifier) @constant)))
(source_file (var_declaration (var_spec name: (identifier) @constant)))
`,
  java: `${JAVA_TYPES}
(import_declaration) @import
(package_declaration) @package
(annotation_type_declaration name: (identifier) @interface)
`,
  rust: `
(use_declaration argument: (_) @import)
(mod_item name: (identifier) @module)
(struct_item name: (type_identifier) @class)
(enum_item name: (type_identifier) @enum)
(union_item name: (type_identifier) @class)
(trait_item name: (type_identifier) @interface)
(type_item name: (type_identifier) @type)
(function_item name: (identifier) @function)
(macro_definition name: (identifier) @macro)
(const_item name: (identifier) @constant)
(static_item name: (identifier) @constant)
`,
  'c-sharp': `${JAVA_TYPES}
(using_directive) @import
(struct_declaration name: (identifier) @class)
(property_declaration name: (identifier) @property)
`,
  ruby: `
(call method: (identifier) @_require arguments: (argument_list (string (string_content))) (#match? @_require "^require")) @import
(class name: (_) @class)
(module name: (_) @module)
(method name: (_) @method)
(singleton_method name: (_) @method)
`,
  php: `
(namespace_use_declaration) @import
(require_once_expression) @import
(require_expression) @import
(include_expression) @import
(include_once_expression) @import
(class_declaration name: (name) @class)
(interface_declaration name: (name) @interface)
(trait_declaration name: (name) @interface)
(enum_declaration name: (name) @enum)
(function_definition name: (name) @function)
(method_declaration name: (name) @method)
`,
  kotlin: `
(import) @import
(package_header) @package
(class_declaration name: (identifier) @class)
(object_declaration name: (identifier) @class)
(function_declaration name: (identifier) @function)
(type_alias type: (identifier) @type)
`,
};
