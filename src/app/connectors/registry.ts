/** Every connector there is, one line each. The local forge is made apart, because it serves git too. */
import { cloudEventsEntry } from './cloudevents.ts';
import type { ConnectorEntry } from './entry.ts';
import { confluenceEntry } from './confluence.ts';
import { foldersEntry } from './folders.ts';
import { githubEntry } from './github.ts';
import { gitlabEntry } from './gitlab.ts';
import { emailEntry } from './email.ts';
import { jiraEntry } from './jira.ts';
import { linearEntry } from './linear.ts';
import { monitoringEntries } from './monitoring.ts';
import { notionEntry } from './notion.ts';
import { slackEntry } from './slack.ts';
import { webEntry } from './web.ts';
import { wikiEntry } from './wiki.ts';

export const CONNECTORS: readonly ConnectorEntry[] = [
  githubEntry,
  gitlabEntry,
  cloudEventsEntry,
  linearEntry,
  jiraEntry,
  slackEntry,
  emailEntry,
  confluenceEntry,
  notionEntry,
  wikiEntry,
  foldersEntry,
  webEntry,
  ...monitoringEntries,
];
