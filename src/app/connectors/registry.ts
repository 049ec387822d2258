/** Every connector there is, one line each. The local forge is made apart, because it serves git too. */
import { cloudEventsEntry } from './cloudevents.ts';
import type { ConnectorEntry } from './entry.ts';
import { githubEntry } from './github.ts';
import { monitoringEntries } from './monitoring.ts';

export const CONNECTORS: readonly ConnectorEntry[] = [
  githubEntry,
  cloudEventsEntry,
  ...monitoringEntries,
];
