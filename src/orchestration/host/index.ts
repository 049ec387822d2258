/** The way out to hosts of code, through the outbox. It decides nothing. */
export { createHostOutboxHandlers } from './outbox.ts';
