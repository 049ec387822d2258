/** What a document is once it was read. */

export interface Section {
  /** `Title > Chapter > Section`. */
  heading: string;
  /** 1-based, inclusive. */
  startLine: number;
  endLine: number;
  text: string;
}

export type DecisionStatus =
  | 'proposed'
  | 'accepted'
  | 'rejected'
  | 'deprecated'
  | 'superseded'
  | 'unknown';

export interface Decision {
  status: DecisionStatus;
  decidedOn: string | null;
  /** Paths or numbers as written: `0003`, `docs/adr/0003-x.md`. */
  supersedes: string[];
  supersededBy: string[];
}

export const DOCUMENT_FORMS = [
  'page',
  'adr-madr',
  'adr-nygard',
  'proposal',
  'runbook',
  'postmortem',
  'rule',
] as const;
export type DocumentForm = (typeof DOCUMENT_FORMS)[number];

export interface Mention {
  path: string;
  /** 1-based line of the file. */
  line: number;
}

export interface ReadDocument {
  kind: 'document' | 'decision' | 'rule';
  form: DocumentForm;
  title: string;
  sections: Section[];
  /** Of rules: globs the rule holds for; none means everywhere. */
  scope: string[];
  /** Paths the text names, each once. */
  mentions: string[];
  /** Line of each of `mentions`. */
  mentionLines: number[];
  decision: Decision | undefined;
  /** What the document says in fields of its own: a postmortem's impact, trigger, root cause, actions. */
  details: Record<string, string>;
}
