/** Work items: from the wish to its end. Two sessions never get the same one. It judges no code. */
export {
  applyWorkItemSignal,
  assignWorkItem,
  beginWorkItem,
  completeWorkItem,
  createWorkService,
  identitiesOf,
  reopenAbandoned,
  returnWorkItem,
  type WorkItemSignal,
} from './service.ts';
export {
  findByExternalKey,
  findHeldBy,
  findWorkItem,
  updateWorkItem,
  type WorkItemRow,
} from './store.ts';
