/** Intake: deliveries are written down in groups and acted upon in order. It knows no host's format. */
export { createIntakeLoop } from './loop.ts';
export { createIntakeService, type Intake, type IntakeDeps } from './service.ts';
export { repositoryOf, withName } from './with-name.ts';
export { createReconcileLoop } from './reconcile-loop.ts';
