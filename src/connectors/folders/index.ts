/** Folders of documents on this machine. */
export { createFoldersSource, FOLDERS, listDocuments } from './folders.ts';
