import { z } from 'zod';
import { Json } from '#kernel';

/** One HTTP request from an outside system, exactly as it came. Header names are lower case. */
export interface Delivery {
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
}

/** A person as the outside system names them. Any field may be all we know. */
export const SignalPerson = z.object({
  /** Our own id of the person, from a host that asks us who its users are; no other host can know it. */
  id: z.string().optional(),
  login: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
});

export const SignalChange = z.object({
  /** `owner/name`. */
  repository: z.string(),
  /** Number on the host; the local forge has none and goes by branch. */
  number: z.int().optional(),
  branch: z.string(),
  baseBranch: z.string(),
  baseSha: z.string().optional(),
  headSha: z.string(),
  title: z.string(),
  text: z.string().default(''),
  url: z.string().optional(),
  author: SignalPerson,
  /** Who sent its commits to the host. Authors are whatever a commit says; these had to prove it. */
  pushers: z.array(SignalPerson).optional(),
  isDraft: z.boolean().default(false),
});
export type SignalChange = z.infer<typeof SignalChange>;

const common = {
  /** Connector name: `local`, `github`, `cloudevents`, `api`. */
  source: z.string(),
  /** Equal keys are one signal, however often it is delivered. */
  dedupeKey: z.string().max(500),
  occurredAt: z.date(),
  /** The host's own id of the repository, which a rename leaves alone. */
  repositoryKey: z.string().max(100).optional(),
};

/** Something outside happened. The list is closed; connectors translate into it. */
export const Signal = z.discriminatedUnion('type', [
  z.object({ type: z.literal('change.opened'), ...common, change: SignalChange }),
  z.object({ type: z.literal('change.updated'), ...common, change: SignalChange }),
  z.object({
    type: z.literal('change.closed'),
    ...common,
    change: SignalChange,
    isMerged: z.boolean(),
    mergeSha: z.string().optional(),
  }),
  z.object({
    type: z.literal('branch.pushed'),
    ...common,
    repository: z.string(),
    branch: z.string(),
    beforeSha: z.string().nullable(),
    /** Null when the branch was deleted. */
    afterSha: z.string().nullable(),
    isForced: z.boolean().default(false),
    pusher: SignalPerson,
  }),
  z.object({
    type: z.literal('review.submitted'),
    ...common,
    change: SignalChange,
    reviewer: SignalPerson,
    headSha: z.string(),
    verdict: z.enum(['approved', 'changes-requested', 'commented', 'dismissed']),
    text: z.string().default(''),
  }),
  z.object({
    type: z.literal('check.completed'),
    ...common,
    repository: z.string(),
    headSha: z.string(),
    name: z.string(),
    conclusion: z.enum(['success', 'failure', 'cancelled', 'skipped', 'neutral']),
    url: z.string().optional(),
  }),
  z.object({
    type: z.literal('work-item.updated'),
    ...common,
    workItem: z.object({
      /** Key on the host, such as `acme/shop#12`. */
      externalKey: z.string(),
      repository: z.string().optional(),
      title: z.string(),
      text: z.string().default(''),
      labels: z.array(z.string()).default([]),
      state: z.enum(['open', 'closed']),
      url: z.string().optional(),
      author: SignalPerson,
      assignee: SignalPerson.optional(),
      /** The state as the system calls it: `In Review`. */
      status: z.string().max(200).optional(),
      priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
      /** Names this revision of the item; one that a mirror of ours made is no news. */
      revision: z.string().max(200).optional(),
      /** The talk in which we were asked for it there: answers go to it. */
      thread: z.string().max(200).optional(),
    }),
  }),
  /** Somebody wrote, edited or deleted a comment; never one of ours. `occurredAt` is of this wording. */
  z.object({
    type: z.literal('comment.told'),
    ...common,
    /** Repository of what it is on, where it has one. */
    repository: z.string().optional(),
    comment: z.object({
      /** The system's own id of it, with its kind: `comment/12`. */
      id: z.string().max(200),
      /** Key of the work item, or `owner/name#12` of a change. */
      on: z.string().max(300),
      isChange: z.boolean(),
      author: SignalPerson,
      text: z.string(),
      url: z.string().optional(),
      path: z.string().optional(),
      line: z.int().optional(),
      writtenAt: z.date().optional(),
      isDeleted: z.boolean().default(false),
    }),
  }),
  /** Somebody wrote `/loom …` on a change or work item. */
  z.object({
    type: z.literal('command.given'),
    ...common,
    repository: z.string(),
    /** Of the pull request or issue. */
    number: z.int(),
    isChange: z.boolean(),
    /** As written, after `/loom`. */
    word: z.string().max(40),
    argument: z.string().max(500).default(''),
    author: SignalPerson,
    url: z.string().optional(),
  }),
  /** The host's own queue asks about a commit that holds several changes. */
  z.object({
    type: z.literal('merge-group.requested'),
    ...common,
    repository: z.string(),
    headSha: z.string(),
    baseBranch: z.string(),
    /** Numbers of the changes it holds, as far as the host names them. */
    numbers: z.array(z.int()),
  }),
  /** The repository goes by another name now: renamed, or given to another owner. */
  z.object({
    type: z.literal('repository.renamed'),
    ...common,
    from: z.string(),
    to: z.string(),
  }),
  /** We were given repositories, or lost them. */
  z.object({
    type: z.literal('repository.access-changed'),
    ...common,
    /** Account whose repositories these are. */
    account: z.string(),
    granted: z.array(z.string()),
    revoked: z.array(z.string()),
  }),
  z.object({
    type: z.literal('deployment.reported'),
    ...common,
    repository: z.string(),
    environment: z.string(),
    sha: z.string(),
    status: z.enum(['started', 'succeeded', 'failed', 'rolled-back']),
    externalKey: z.string(),
    /** Who set it off, where the source says so. */
    deployer: SignalPerson.optional(),
    url: z.string().optional(),
  }),
  z.object({
    type: z.literal('incident.reported'),
    ...common,
    title: z.string(),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    state: z.enum(['open', 'resolved']),
    /** Equal keys are one incident. */
    externalKey: z.string(),
    repository: z.string().optional(),
    /** The service it harms, by the name its owners give it; it leads to the repository where that is not told. */
    service: z.string().optional(),
    url: z.string().optional(),
  }),
  /** A known vulnerability in something the repository is built from. */
  z.object({
    type: z.literal('advisory.published'),
    ...common,
    repository: z.string(),
    /** Equal keys are one advisory. */
    externalKey: z.string(),
    package: z.string(),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    title: z.string(),
    url: z.string().optional(),
  }),
  /** What we have no word of our own for: kept as it came, and nothing follows from it. */
  z.object({
    type: z.literal('event.received'),
    ...common,
    event: z.object({
      id: z.string(),
      /** The sender's URI for where it happened. */
      source: z.string(),
      type: z.string(),
      subject: z.string().optional(),
      time: z.string().optional(),
      dataContentType: z.string().optional(),
      dataSchema: z.string().optional(),
      extensions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      data: Json.optional(),
      dataBase64: z.string().optional(),
    }),
  }),
]);
export type Signal = z.infer<typeof Signal>;

export interface SignalSource {
  /** Name in `/webhooks/{name}` and in `Signal.source`. */
  readonly name: string;
  /** @throws AppError `unauthenticated` when the delivery is not genuine. Constant time. */
  verify(delivery: Delivery): void;
  /** The sender's id of this delivery; a second one with the same id is acknowledged and dropped. */
  deliveryId(delivery: Delivery): string;
  /** Pure. Deliveries that mean nothing to us give no signal. @throws AppError `invalid` when unreadable. */
  toSignals(delivery: Delivery): Signal[];
}

/** Names a change on its host. */
export interface HostChange {
  /** Our own id, for what the host keeps for us: check runs, trailers of merge commits. */
  changeId?: string | undefined;
  repository: string;
  number?: number | undefined;
  branch: string;
  baseBranch: string;
  headSha: string;
}

export interface VerdictReport {
  change: HostChange;
  lane: string;
  /** Whether the check is green: only then may the host merge it. */
  conclusion: 'success' | 'action-required' | 'failure';
  title: string;
  /** Markdown: verdict, rules with their lines, factors, what is missing and who can give it. */
  summary: string;
  detailsUrl: string;
  /** What belongs to a line of the change; a host that cannot show it there leaves it out. */
  annotations?: VerdictAnnotation[] | undefined;
}

export interface VerdictAnnotation {
  path: string;
  /** First and last line in the head, from 1. */
  startLine: number;
  endLine: number;
  level: 'notice' | 'warning' | 'failure';
  title: string;
  /** Plain text. */
  message: string;
}

export interface MergeRequest {
  change: HostChange;
  message: string;
  /** Refused when the head moved meanwhile. */
  expectedHeadSha: string;
  /** What it was tested on: refused when the base moved meanwhile. */
  expectedBaseSha?: string | undefined;
  idempotencyKey: string;
}

export type MergeResult =
  | { outcome: 'merged'; mergeSha: string }
  | { outcome: 'head-moved'; headSha: string | null }
  | { outcome: 'base-moved'; baseSha: string | null }
  | { outcome: 'conflict'; paths: string[] }
  | { outcome: 'refused'; reason: string };

export interface OpenChangeRequest {
  repository: string;
  branch: string;
  baseBranch: string;
  title: string;
  /** Markdown. */
  text: string;
}

/** Where a published thing is, so that the next call updates it in place. */
export interface Published {
  externalId: string;
  url?: string | undefined;
}

/**
 * A system that hosts repositories. Every verb may be called again with the same arguments and then
 * changes nothing more. @throws AppError `unavailable` when trying again later may help.
 */
export interface CodeHost {
  readonly name: string;
  /** URL and credentials with which git fetches the repository. */
  fetchSource(repository: string): Promise<{ url: string; headers?: Record<string, string> }>;
  publishVerdict(report: VerdictReport): Promise<Published>;
  /** Creates or updates our one comment on the change. */
  upsertComment(change: HostChange, markdown: string): Promise<Published>;
  requestReviewers(change: HostChange, logins: string[]): Promise<void>;
  merge(request: MergeRequest): Promise<MergeResult>;
  /** Says something once, such as the answer to a command: equal keys are one comment. */
  answer?(
    at: { repository: string; number: number },
    markdown: string,
    idempotencyKey: string,
  ): Promise<Published>;
  /** Opens a change of a branch that is there already; asked again, there is still one. */
  openChange?(request: OpenChangeRequest): Promise<Published>;
  /** Has the host merge by itself once its own conditions hold. */
  mergeWhenReady?(request: MergeRequest): Promise<MergeWhenReadyResult>;
  /** What the host lets happen around us: is our check required, who may go past it. */
  auditProtection?(repository: string): Promise<ProtectionAudit>;
}

export type MergeWhenReadyResult =
  | MergeResult
  | { outcome: 'waiting' }
  /** The host cannot, or the repository does not allow it: merge it yourself. */
  | { outcome: 'unsupported'; reason: string };

export interface ProtectionFinding {
  /** Stable: `check-not-required`. */
  code: string;
  level: 'ok' | 'warning' | 'problem';
  text: string;
  hint?: string | undefined;
}

export interface ProtectionAudit {
  repository: string;
  branch: string;
  findings: ProtectionFinding[];
}

/**
 * Words for a person who is asked to judge a change: plain text without markup, which a channel
 * escapes and lays out its own way. Nobody is mentioned but `to`.
 */
export interface EscalationMessage {
  assignmentId: string;
  /** What the person is shown, by its digest: an answer names it, so that nobody decides on what they never saw. */
  packageSha256?: string | undefined;
  /** `email:…`, `slack:…`: a channel takes the identity of its own scheme. */
  to: { name: string; identities: string[] };
  subject: string;
  /** One line per slot, `Label: words`, in order. */
  lines: string[];
  /** RFC 3339; after it the next person is asked. */
  deadline: string;
  actions: { action: string; label: string; url: string }[];
  url: string;
}

/** What became of a review that somebody was asked for. Plain text, as above. */
export interface EscalationOutcome {
  assignmentId: string;
  subject: string;
  /** `changed`: the verdict is another one now, and what was sent may not be answered any more. */
  state: 'decided' | 'handed-over' | 'closed' | 'changed';
  /** One sentence: who decided what, and why. */
  summary: string;
  url: string;
}

/** Words of ours to a place or a person: a step of a workflow, the daily digest. */
export interface Notice {
  /** In the channel's own words: a channel's name or id, an address. */
  to: string;
  subject: string;
  /** Plain text; line breaks stay. */
  text: string;
}

/** A channel that reaches people: chat, mail. */
export interface Messenger {
  readonly name: string;
  /**
   * Called again with the same key, it tells nobody twice. Undefined where it cannot reach the person.
   * @throws AppError `unavailable` to be tried again.
   */
  sendEscalation(
    message: EscalationMessage,
    idempotencyKey: string,
  ): Promise<Published | undefined>;
  /** Takes the question back in place, where it was decided elsewhere or is over. */
  closeEscalation?(sent: Published, outcome: EscalationOutcome): Promise<void>;
  /** Undefined where it knows no such place. */
  sendNotice?(notice: Notice, idempotencyKey: string): Promise<Published | undefined>;
}
