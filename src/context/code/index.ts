/** Code: what files declare and import, read in a thread of its own and kept by blob. */
export { type CodeReader, createCodeReader } from './code-reader.ts';
export { findSymbols, readOutlines, saveOutlines } from './code-store.ts';
export { type Language, languageOf } from './languages.ts';
export { type CodeOutline, type Definition, MAX_CODE_BYTES } from './outline.ts';
export { type ImportScope, resolveImport } from './resolve-imports.ts';
