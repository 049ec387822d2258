/**
 * Slack: reviews are asked for in a direct message and answered by a button, `/loom` in any channel, and
 * both ways in which Slack tells us, by webhooks and by Socket Mode.
 */
export { escapeText, reasonForm } from './blocks.ts';
export { createSlackClient, type SlackClient, slackErrorOf } from './client.ts';
export {
  readDelivery,
  type SlackAnswer,
  type SlackDelivery,
  type SlackMessage,
  type SlackUser,
} from './deliveries.ts';
export { createSlackMessenger } from './messenger.ts';
export { signSlack } from './signature.ts';
export { openSlackSocket } from './socket.ts';
export { createSlackSource, SLACK } from './source.ts';
export { createSlackThreads } from './threads.ts';
