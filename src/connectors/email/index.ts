/** Mail (SMTP) as a channel to people: words and links, never an answer by itself. */
export {
  createEmailMessenger,
  EMAIL,
  type EmailMessenger,
  type EmailOptions,
} from './messenger.ts';
