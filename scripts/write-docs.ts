/**
 * Writes the documents that come from the code itself: docs/cli.md from the help of every command,
 * docs/settings.md from the settings. Run it after changing either: `node scripts/write-docs.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCliDocument, renderSettingsDocument } from '../src/app/documents.ts';

const docs = join(import.meta.dirname, '../docs');
writeFileSync(join(docs, 'cli.md'), renderCliDocument());
writeFileSync(join(docs, 'settings.md'), renderSettingsDocument());
