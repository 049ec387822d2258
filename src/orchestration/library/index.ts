/** Workflows that come with the product, and which one applies. It runs nothing. */
export { BUILT_IN, builtInChangeWorkflow, CHANGE_WORKFLOW } from './change.ts';
export {
  CHANGE_WORKFLOW_PATH,
  joinLibrary,
  type Library,
  loadChangeWorkflow,
  loadLibrary,
  WORKFLOW_FOLDER,
} from './load.ts';
export { type LibraryWorkflow, shippedWorkflows } from './shipped.ts';
