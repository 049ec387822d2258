/** Ways on when two sessions want the same: each is one call, one event, one effect. It judges no code. */
export { createNegotiationService, type NegotiationDeps } from './service.ts';
