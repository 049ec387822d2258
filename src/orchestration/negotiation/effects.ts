/** What each choice does, within the transaction that writes it down. */
import { asLine } from '#context';
import type { Tx } from '#kernel';
import {
  acquireIn,
  describeTarget,
  insertWaits,
  scopeOf,
  type Target,
  toWanted,
} from '../claims/index.ts';
import { sessionActor } from '../deps.ts';
import { leaveNotes, passNotesOn } from '../notes/index.ts';
import { offerWorkItem } from '../work/index.ts';
import { findHolders, findPushedWork } from './holders.ts';
import { type Effect, type Negotiation, type NegotiationDeps, quote } from './service.ts';

/** Takes what nobody holds of what was asked for, and leaves the rest. */
export async function goOn(tx: Tx, deps: NegotiationDeps, about: Negotiation): Promise<Effect> {
  const { session, repository, targets } = about;
  const free: Target[] = [];
  for (const target of targets) {
    const held = await findHolders(tx, session.id, repository, [target]);
    if (held.length === 0) free.push(target);
  }
  if (free.length === 0) {
    return {
      effect: 'goes on elsewhere',
      message: 'Noted. Work on other files; all of these are held.',
    };
  }
  const answer = await acquireIn(tx, deps, {
    sessionId: session.id,
    wanted: free.map((target) => toWanted(target, repository, 'exclusive')),
    intent: session.intent,
    origin: 'declared',
  });
  if (answer.outcome === 'denied') {
    return { effect: 'goes on elsewhere', message: answer.message };
  }
  const left = targets.length - free.length;
  return {
    effect: `${free.length} of ${targets.length} claimed`,
    message: `You hold ${free.map(describeTarget).join(', ')} now${left === 0 ? '' : '; leave the rest alone'}.`,
    claims: answer.claims,
  };
}

/** Says where the holder's work is, and that it will be told of. */
export async function rebase(tx: Tx, _deps: NegotiationDeps, about: Negotiation): Promise<Effect> {
  const { session, repository, targets } = about;
  const holder = about.holder!;
  const pushed = await findPushedWork(tx, holder.id, repository);
  await wait(tx, session.id, repository, targets);
  if (pushed === undefined) {
    const branch = holder.branch === null ? 'a branch of its own' : asLine(holder.branch);
    return {
      effect: `waits for the first push of ${branch}`,
      message: `Session ${holder.id} works on ${branch} and has pushed nothing that could be built on. You are told when it lets go; until then work on other files.`,
    };
  }
  const branch = asLine(pushed.branch);
  return {
    effect: `rebases onto ${branch} at ${pushed.headSha}`,
    message: `Build on ${branch} at ${pushed.headSha}: \`git fetch origin && git rebase ${pushed.headSha}\`. The files stay with session ${holder.id}; you are told when they are free.`,
  };
}

/** Makes a task of it for the holder. */
export async function split(tx: Tx, deps: NegotiationDeps, about: Negotiation): Promise<Effect> {
  const { session, repository, targets, note } = about;
  const holder = about.holder!;
  const what = targets.slice(0, 10).map(describeTarget).map(asLine).join(', ');
  const said = note === '' ? session.intent : note;
  const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
  const item = await offerWorkItem(
    tx,
    deps,
    {
      title: `In ${what}: ${quote(said === '' ? 'the part of another session' : said)}`,
      text: `Session ${session.id} (${asLine(session.agent)}) needs this in files that session ${holder.id} holds.\n\nFiles: ${what}\nIts own task: ${quote(session.intent)}\nWhat it asks for: ${quote(note)}`,
      repository,
      offeredTo: holder.id,
      labels: ['split'],
    },
    actor,
  );
  await leaveNotes(tx, [
    {
      sessionId: holder.id,
      kind: 'split',
      fromSessionId: session.id,
      text: `Session ${session.id} (${asLine(session.agent)}) leaves its part of ${what} to you as work item ${item.id}: "${quote(said)}". Do it along with yours, or take it with next_work afterwards.`,
      dedupeKey: `split:${item.id}`,
    },
  ]);
  return {
    effect: `task ${item.id} for session ${holder.id}`,
    message: `Session ${holder.id} has your part as ${item.id} and is told at its next step. Go on without these files.`,
    workItemId: item.id,
  };
}

/** Waits: told at the next step after the way is free. */
export async function waitFor(tx: Tx, _deps: NegotiationDeps, about: Negotiation): Promise<Effect> {
  const { session, repository, targets, holder } = about;
  if (holder === undefined) {
    return { effect: 'free already', message: 'Nobody holds it any more: claim it now.' };
  }
  await wait(tx, session.id, repository, targets);
  return {
    effect: `waits for session ${holder.id}`,
    message: `You are told at your next step after ${targets.slice(0, 10).map(describeTarget).join(', ')} ${targets.length === 1 ? 'is' : 'are'} free. Work on something else meanwhile.`,
  };
}

/** Asks the holder; only the holder's side can give. */
export async function askForHandOver(
  tx: Tx,
  deps: NegotiationDeps,
  about: Negotiation,
): Promise<Effect> {
  const { session, repository, targets, note } = about;
  const holder = about.holder!;
  const what = targets.slice(0, 10).map(describeTarget).map(asLine).join(', ');
  const said = note === '' ? session.intent : note;
  await wait(tx, session.id, repository, targets);
  await leaveNotes(tx, [
    {
      sessionId: holder.id,
      kind: 'asked',
      fromSessionId: session.id,
      text: `Session ${session.id} (${asLine(session.agent)}) asks you to hand over ${what}, for "${quote(said)}". To agree: claim action=give to=${session.id}, or \`loom session hand-over ${holder.id} --to ${session.id}\`. Commit and push first.`,
      dedupeKey: `asked:${deps.newId('evt')}`,
    },
  ]);
  return {
    effect: `asked session ${holder.id}`,
    message: `Session ${holder.id} is asked at its next step; you are told when it is yours or free. Its operator can also do it: \`loom session hand-over ${holder.id} --to ${session.id}\`.`,
  };
}

/** One of two that do the same ends: the later one. What it knows goes to the earlier one. */
export async function stop(tx: Tx, deps: NegotiationDeps, about: Negotiation): Promise<Effect> {
  const { session, note } = about;
  const holder = about.holder!;
  const isLater =
    session.started_at.getTime() > holder.started_at.getTime() ||
    (session.started_at.getTime() === holder.started_at.getTime() && session.id > holder.id);
  const [ends, stays] = isLater ? [session, holder] : [holder, session];
  const branch = ends.branch === null ? '' : ` What it did is on branch ${asLine(ends.branch)}.`;
  const said = note === '' ? '' : ` It says: "${quote(note)}".`;
  await passNotesOn(tx, ends.id, stays.id);
  await leaveNotes(tx, [
    {
      sessionId: stays.id,
      kind: 'stop',
      fromSessionId: ends.id,
      text: `Session ${ends.id} (${asLine(ends.agent)}) did the same work and ended in your favour. Its task: "${quote(ends.intent)}".${branch}${said}`,
      dedupeKey: `stop:${ends.id}`,
    },
  ]);
  await deps.sessions.endIn(tx, ends.id, `ended in favour of session ${stays.id}`);
  return {
    effect: `session ${ends.id} ended in favour of ${stays.id}`,
    message:
      ends.id === session.id
        ? `Your session is ended here in favour of ${stays.id}, which got your notes. Stop working now and say so to your operator.`
        : `Session ${ends.id} came later and was ended; what it held is free. Claim again.`,
  };
}

async function wait(
  tx: Tx,
  sessionId: string,
  repository: string,
  targets: readonly Target[],
): Promise<void> {
  const wanted = targets.map((target) => ({ ...target, repository: scopeOf(target, repository) }));
  await insertWaits(tx, sessionId, wanted);
}
