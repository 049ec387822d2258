/** App: composes everything and starts it. Only the program and the tests come in by this door. */
export { compose, type Composition, VERSION } from './compose.ts';
export { prepareOwner } from './owner.ts';
export { type Node, startNode } from './serve.ts';
