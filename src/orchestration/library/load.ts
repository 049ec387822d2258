/**
 * Which workflows a repository has: the files at its protected base, the last good one where a newer
 * is refused, and those that come with the product below them. Nothing is read from a change itself,
 * which could loosen it.
 */
import type { GitRepository } from '#git';
import { AppError } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import type { WorkflowGraph } from '../service.ts';
import {
  linkWorkflow,
  parseWorkflow,
  usesWorkflows,
  validateWorkflow,
  type WorkflowDefinition,
  type WorkflowProblem,
} from '../workflow/index.ts';
import { builtInChangeWorkflow } from './change.ts';
import { keepFile, refuseFile } from './files.ts';
import { type LibraryWorkflow, shippedWorkflows, toLibraryWorkflow } from './shipped.ts';

export const WORKFLOW_FOLDER = '.loom/workflows';
export const CHANGE_WORKFLOW_PATH = `${WORKFLOW_FOLDER}/change.yaml`;
const MAX_BYTES = 256 * 1024;
const MAX_FILES = 200;

interface Base {
  git: GitRepository;
  baseSha: string;
  repository: string;
}

export interface Library {
  /** By name; a repository's own take the place of shipped ones. */
  workflows: LibraryWorkflow[];
  /** Files that were refused. Where there is a last good one, that is in the library. */
  refused: { path: string; problems: WorkflowProblem[] }[];
}

type Deps = Pick<OrchestrationDeps, 'db' | 'ledger'>;

/** The workflow a change runs through: the repository's own, else the built-in. */
export async function loadChangeWorkflow(deps: Deps, base: Base): Promise<WorkflowGraph> {
  const read = await readFile(deps, base, CHANGE_WORKFLOW_PATH);
  if (read?.definition === undefined) return builtInChangeWorkflow;
  if (!usesWorkflows(read.definition.graph.steps)) return read.definition.graph;
  const { workflows } = await loadLibrary(deps, base);
  const named = workflows.find(({ source }) => source.startsWith(CHANGE_WORKFLOW_PATH));
  return named?.graph ?? builtInChangeWorkflow;
}

/** All workflows of a repository at its base, with the workflows they name in place. */
export async function loadLibrary(deps: Deps, base: Base): Promise<Library> {
  const entries = await base.git.listFiles(base.baseSha, WORKFLOW_FOLDER);
  const paths = entries
    .map(({ path }) => path)
    .filter((path) => /\.ya?ml$/.test(path))
    .slice(0, MAX_FILES);
  const refused: Library['refused'] = [];
  const own = new Map<string, WorkflowDefinition>();
  for (const path of paths) {
    const read = await readFile(deps, base, path);
    if (read === undefined) continue;
    if (read.problems.length > 0) refused.push({ path, problems: read.problems });
    if (read.definition !== undefined) own.set(read.definition.graph.name, read.definition);
  }
  return { ...joinLibrary([...own.values()], refused) };
}

/** A repository's own workflows above the shipped ones. Those that name what is not there are refused. */
export function joinLibrary(
  own: readonly WorkflowDefinition[],
  refused: readonly Library['refused'][number][] = [],
): Library {
  const shipped = shippedWorkflows().filter(
    ({ name }) => !own.some(({ graph }) => graph.name === name),
  );
  const all = new Map([
    ...shipped.map(({ name, graph }) => [name, graph] as const),
    ...own.map(({ graph }) => [graph.name, graph] as const),
  ]);
  const library: Library = { workflows: [...shipped], refused: [...refused] };
  for (const definition of own) {
    const linked = linkWorkflow(definition, (name) => all.get(name), [...all.keys()]);
    if (linked.definition === undefined) {
      const path = definition.graph.source.replace(/@[0-9a-f]+$/, '');
      library.refused.push({ path, problems: linked.problems });
    } else library.workflows.push(toLibraryWorkflow(linked.definition, false));
  }
  library.workflows.sort((a, b) => (a.name < b.name ? -1 : 1));
  return library;
}

/** A file at the base: good, or refused with the last good one in its place. Undefined: not there. */
async function readFile(
  deps: Deps,
  { git, baseSha, repository }: Base,
  path: string,
): Promise<
  { definition: WorkflowDefinition | undefined; problems: WorkflowProblem[] } | undefined
> {
  const text = await readText(git, baseSha, path);
  if (text === undefined) return undefined;
  const source = `${path}@${baseSha.slice(0, 12)}`;
  const { definition, problems } = validateWorkflow(text, source);
  if (definition !== undefined) {
    await keepFile(deps.db, { repository, path, source, text });
    return { definition, problems };
  }
  const standing = await refuseFile(deps, { repository, path, source, text, problems });
  return {
    definition: standing === undefined ? undefined : parseWorkflow(standing.body, standing.source),
    problems,
  };
}

/** Undefined where there is none; what cannot be read as a file is refused like a bad one. */
async function readText(
  git: GitRepository,
  baseSha: string,
  path: string,
): Promise<string | undefined> {
  try {
    return await git.readText(baseSha, path, MAX_BYTES);
  } catch (error) {
    if (error instanceof AppError && error.code === 'git.file_too_large') return `# too large\n`;
    throw error;
  }
}
