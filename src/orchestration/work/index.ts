/** Work items: from the wish to its end. Two sessions never get the same one. It judges no code. */
export {
  applyWorkItemSignal,
  ASKED,
  assignWorkItem,
  beginWorkItem,
  completeWorkItem,
  createWorkService,
  identitiesOf,
  moveWork,
  offerWorkItem,
  reopenAbandoned,
  returnWorkItem,
  type WorkItemSignal,
} from './service.ts';
export {
  contradictionWorkProjection,
  type ContradictionWork,
  createContradictionWork,
} from './contradictions.ts';
export { type HandOutDeps, issueKey } from './hand-out.ts';
export { priorityOf } from './priority.ts';
export {
  findByExternalKey,
  findHeldBy,
  findWorkItem,
  insertWorkItem,
  toWorkItem,
  updateWorkItem,
  type WorkItemRow,
} from './store.ts';
export { workItemCreated } from './events.ts';
