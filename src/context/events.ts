/** The events of the Context Layer, one helper each. */
import type { Id, Tx } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import type { KeptRestriction } from './access/store.ts';
import type { Lesson } from './lessons/schema.ts';
import type { RankingFit } from './ranking/fits/schema.ts';
import type { ContextPack, Repository } from './schema.ts';

export function repositoryImported(
  ledger: Ledger,
  tx: Tx,
  repository: Repository,
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.imported',
    subject: repository.id,
    actor,
    refs: { repository: repository.name, commit: repository.headSha },
    data: factsOf(repository),
  });
}

export function repositoryUpdated(
  ledger: Ledger,
  tx: Tx,
  repository: Repository,
  update: { fromSha: string; newCommits: number; wasForced: boolean },
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.updated',
    subject: repository.id,
    actor: { kind: 'system', id: 'context' },
    refs: { repository: repository.name, commit: repository.headSha },
    data: { ...factsOf(repository), ...update },
  });
}

/** The graph took in what a repository says now. */
export function graphUpdated(
  ledger: Ledger,
  tx: Tx,
  repository: Repository,
  change: { statements: number; opened: number; closed: number },
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'graph.updated',
    subject: repository.id,
    actor: { kind: 'system', id: 'context' },
    refs: { repository: repository.name, commit: repository.headSha },
    data: { name: repository.name, ...change },
  });
}

export function repositoryRemoved(
  ledger: Ledger,
  tx: Tx,
  repository: Repository,
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.removed',
    subject: repository.id,
    actor,
    refs: { repository: repository.name },
    data: { name: repository.name },
  });
}

/** Its host calls it something else; everything kept under the old name goes by the new one from here on. */
export function repositoryRenamed(
  ledger: Ledger,
  tx: Tx,
  repository: Pick<Repository, 'id' | 'name' | 'host'>,
  from: string,
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.renamed',
    subject: repository.id,
    actor,
    refs: { repository: repository.name },
    data: { from, to: repository.name, host: repository.host },
  });
}

/** Its host took our access away; nothing is written to it until that is given back. */
export function accessLost(
  ledger: Ledger,
  tx: Tx,
  repository: { id: string; name: string },
  host: string,
  why: string,
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.access-lost',
    subject: repository.id,
    actor,
    refs: { repository: repository.name },
    data: { host, why },
  });
}

export function accessRestored(
  ledger: Ledger,
  tx: Tx,
  repository: { id: string; name: string },
  host: string,
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'repository.access-restored',
    subject: repository.id,
    actor,
    refs: { repository: repository.name },
    data: { host },
  });
}

const COMMENT_EVENTS = {
  written: 'comment.written',
  edited: 'comment.edited',
  deleted: 'comment.deleted',
} as const;

/** Without its words: who may read them is asked where they are kept. */
export function commentTold(
  ledger: Ledger,
  tx: Tx,
  comment: {
    system: string;
    object: string;
    subject: string;
    is_change: boolean;
    repository: string | null;
  },
  what: 'written' | 'edited' | 'deleted',
  cause: Id<'evt'>,
): Promise<unknown> {
  const { system, object, subject, is_change: isChange, repository } = comment;
  return ledger.append(tx, {
    type: COMMENT_EVENTS[what],
    subject: `${system}:${object}`,
    actor: { kind: 'connector', id: system },
    cause,
    refs: repository === null ? {} : { repository },
    data: { on: subject, isChange },
  });
}

export function contextPackServed(
  ledger: Ledger,
  tx: Tx,
  pack: ContextPack,
  actor: Actor,
  correlationId: string | undefined,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'context-pack.served',
    subject: pack.id,
    actor,
    correlationId,
    refs: {
      pack: pack.id,
      session: pack.sessionId,
      workItem: pack.workItemId,
      repository: pack.repository,
      commit: pack.revision,
    },
    data: {
      title: pack.title,
      tokens: pack.tokens,
      budgetTokens: pack.budgetTokens,
      items: pack.items.length,
      unknowns: pack.unknowns.length,
      contentHash: pack.contentHash,
    },
  });
}

export function lessonRecorded(
  ledger: Ledger,
  tx: Tx,
  lesson: {
    id: `evt_${string}`;
    repository: string;
    text: string;
    paths: string[];
    origin: Lesson['origin'];
    sessionId: string | null;
  },
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    id: lesson.id,
    type: 'lesson.recorded',
    subject: lesson.id,
    actor,
    refs: { repository: lesson.repository, session: lesson.sessionId ?? undefined },
    data: { text: lesson.text, paths: lesson.paths, origin: lesson.origin },
  });
}

const DECISION_EVENTS = {
  approved: 'lesson.approved',
  rejected: 'lesson.rejected',
  retired: 'lesson.retired',
} as const;

export function lessonDecided(
  ledger: Ledger,
  tx: Tx,
  about: { lesson: Lesson; decision: 'approved' | 'rejected' | 'retired'; reason: string },
  actor: Actor,
): Promise<unknown> {
  const { lesson, decision, reason } = about;
  return ledger.append(tx, {
    type: DECISION_EVENTS[decision],
    subject: lesson.id,
    actor,
    refs: { repository: lesson.repository, session: lesson.sessionId ?? undefined },
    data: { reason, use: lesson.use },
  });
}

const RESTRICTION_EVENTS = {
  restricted: 'source.restricted',
  opened: 'source.opened',
} as const;

export function sourceRestricted(
  ledger: Ledger,
  tx: Tx,
  kept: KeptRestriction,
  change: 'restricted' | 'opened',
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: RESTRICTION_EVENTS[change],
    subject: kept.id,
    actor,
    refs: { repository: kept.repository ?? undefined },
    data: {
      system: kept.system,
      prefix: kept.prefix,
      teams: kept.teams,
      people: kept.people,
      reason: kept.reason,
    },
  });
}

interface SaidOfPair {
  a: string;
  b: string;
  because: string;
}

export function personMerged(
  ledger: Ledger,
  tx: Tx,
  pair: SaidOfPair,
  actor: Actor,
): Promise<unknown> {
  const { a: subject } = pair;
  return ledger.append(tx, { type: 'person.merged', subject, actor, data: { ...pair } });
}

export function personSplit(
  ledger: Ledger,
  tx: Tx,
  pair: SaidOfPair,
  actor: Actor,
): Promise<unknown> {
  const { a: subject } = pair;
  return ledger.append(tx, { type: 'person.split', subject, actor, data: { ...pair } });
}

export function contradictionReported(
  ledger: Ledger,
  tx: Tx,
  pair: SaidOfPair,
  actor: Actor,
): Promise<unknown> {
  const { a: subject } = pair;
  return ledger.append(tx, { type: 'contradiction.reported', subject, actor, data: { ...pair } });
}

export function contradictionSettled(
  ledger: Ledger,
  tx: Tx,
  pair: SaidOfPair & { holds: 'a' | 'b' | 'both' },
  actor: Actor,
): Promise<unknown> {
  const { a: subject } = pair;
  return ledger.append(tx, { type: 'contradiction.settled', subject, actor, data: { ...pair } });
}

function factsOf(repository: Repository): Record<string, unknown> {
  return {
    name: repository.name,
    host: repository.host,
    defaultBranch: repository.defaultBranch,
    headSha: repository.headSha,
    commits: repository.commitCount,
    files: repository.fileCount,
    problems: repository.problems.length,
  };
}

/** New weights were fitted to the organisation's own changes and judged by later ones. */
export function rankingFitted(
  ledger: Ledger,
  tx: Tx,
  fit: RankingFit & { id: string },
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: 'ranking.fitted',
    subject: fit.id,
    actor,
    refs: {},
    data: {
      version: fit.version,
      state: fit.state,
      reason: fit.reason,
      repositories: fit.repositories.map(({ repository }) => repository),
      measures: fit.measures.map(({ question, judged, before, after, isTaken }) => ({
        question,
        judged,
        before: before?.main ?? null,
        after: after?.main ?? null,
        isTaken,
      })),
    },
  });
}

/** A person took weights from force, or put earlier ones back. */
export function rankingFitDecided(
  ledger: Ledger,
  tx: Tx,
  fit: RankingFit & { id: string },
  actor: Actor,
): Promise<unknown> {
  return ledger.append(tx, {
    type: fit.state === 'in-force' ? 'ranking.reinstated' : 'ranking.withdrawn',
    subject: fit.id,
    actor,
    refs: {},
    data: { version: fit.version, reason: fit.reason },
  });
}
