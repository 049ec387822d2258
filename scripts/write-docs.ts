/**
 * Writes what comes from the code itself: docs/cli.md from the help of every command, docs/settings.md from
 * the settings, and the console's types from the routes. Run it after changing one of them:
 * `node scripts/write-docs.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCliDocument, renderSettingsDocument } from '../src/app/documents.ts';
import { renderConsoleTypes } from '../src/surfaces/index.ts';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'docs/cli.md'), renderCliDocument());
writeFileSync(join(root, 'docs/settings.md'), renderSettingsDocument());
writeFileSync(join(root, 'console/src/api/schema.ts'), renderConsoleTypes());
