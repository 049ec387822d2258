/** The workflows that come with the product, read like any file, so that they obey the same rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseWorkflow, type WorkflowDefinition } from '../workflow/index.ts';
import { BUILT_IN, CHANGE_WORKFLOW } from './change.ts';

const FOLDER = join(import.meta.dirname, 'templates');

/** A workflow somebody may pick, and where it is written. */
export interface LibraryWorkflow extends Omit<WorkflowDefinition, 'graph'> {
  name: string;
  source: string;
  isShipped: boolean;
  graph: WorkflowDefinition['graph'];
}

export function toLibraryWorkflow(
  definition: WorkflowDefinition,
  isShipped: boolean,
): LibraryWorkflow {
  const { name, source } = definition.graph;
  return { ...definition, name, source, isShipped };
}

let shipped: readonly LibraryWorkflow[] | undefined;

/** By name. They never change while the process lives. */
export function shippedWorkflows(): readonly LibraryWorkflow[] {
  shipped ??= [
    toLibraryWorkflow(parseWorkflow(CHANGE_WORKFLOW, BUILT_IN), true),
    ...readdirSync(FOLDER)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => {
        const text = readFileSync(join(FOLDER, file), 'utf8');
        const source = `${BUILT_IN}/${file}`;
        return toLibraryWorkflow(parseWorkflow(text, source), true);
      }),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  return shipped;
}
