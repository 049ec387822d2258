/**
 * Landing: changes go into a branch one after the other, each tested on the very tree the branch will
 * have. What the run's checks said of that tree counts; on another base they are run again. Red goes
 * back to its author with the output and the commands that show it; a failure that is probably a flake
 * is tried once more, and marked.
 */
import type { JsonObject, Tx } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepResult } from '../steps.ts';
import { DEFAULT_SETTINGS, emptyMemory, schedule } from './scheduler.ts';
import * as store from './store.ts';

/** How the checks of a run did on one tree. */
export type TestOutcome =
  | { outcome: 'passed'; tree: string }
  | { outcome: 'failed'; tree: string; command: string; output: string }
  | { outcome: 'conflict'; paths: string[] }
  | { outcome: 'stopped' };

export interface LandingDeps extends Pick<OrchestrationDeps, 'db' | 'clock'> {
  /** Where the branch stands in the mirror now. */
  baseOf(change: Change): Promise<string>;
  /** Runs one check on what the change and the base come to together. */
  test(change: Change, baseSha: string, check: { options: JsonObject }): Promise<TestOutcome>;
  /** Asks the host to land it on this base and no other. */
  ask(baseSha: string): Extract<StepResult, { outcome: 'waiting' }>;
}

export const LANDING = 'landing';
/** The one ahead may end at any moment; its end is also told by the lane itself. */
const LOOK_AGAIN_MS = 5_000;
/** Serial: one build at a time, of one change. */
const SERIAL = { ...DEFAULT_SETTINGS, maxGroup: 1 };
const MAX_NOTE = 8_000;

export async function land(
  deps: LandingDeps,
  context: StepContext,
  change: Change,
): Promise<StepResult> {
  const { db, clock } = deps;
  const { repository, baseBranch } = change;
  const key = { run_id: context.run.id, step_name: context.step.name };
  await store.enterQueue(db, {
    ...key,
    change_id: change.id,
    repository,
    base_branch: baseBranch,
    head_sha: change.headSha,
  });
  const ahead = await takeTurn(deps, change, key);
  if (ahead !== undefined) {
    return {
      outcome: 'waiting',
      on: LANDING,
      message: `Waits behind ${ahead} to land on ${baseBranch}.`,
      dueAt: new Date(clock.now().getTime() + LOOK_AGAIN_MS),
    };
  }
  const baseSha = await deps.baseOf(change);
  const checks = await store.readChecks(db, context.run.id);
  for (const check of checks) {
    const { output } = check;
    const isExact =
      output?.['baseSha'] === baseSha && output['checks'] === 'passed' && isOf(output, change);
    // The workflow may land what fails; then policy has seen that, and it is no news here.
    if (isExact || output?.['checks'] !== 'passed') continue;
    const failed = await testTwice(deps, context, change, baseSha, check);
    if (failed !== undefined) return failed;
  }
  return {
    ...deps.ask(baseSha),
    write: (tx) => store.moveTo(tx, key, { state: 'landing', baseSha }),
  };
}

/** Writes down that the host has answered, so that the next one may go. */
export function leaveQueue(context: StepContext, state: 'landed' | 'left') {
  const key = { run_id: context.run.id, step_name: context.step.name };
  return (tx: Tx) => store.moveTo(tx, key, { state });
}

/** Undefined when it is this one's turn; else who is ahead. */
async function takeTurn(
  { db }: LandingDeps,
  change: Change,
  key: { run_id: `run_${string}`; step_name: string },
): Promise<string | undefined> {
  return db.transaction(async (tx) => {
    const lane = await store.readLane(tx, {
      repository: change.repository,
      base_branch: change.baseBranch,
    });
    const { builds } = schedule(
      { ...emptyMemory<string>(), groups: lane.map((row) => [row.change_id]) },
      {
        slots: 1,
        flakeRate: 0,
        conflictRate: 0,
        waiting: lane.map((row) => ({
          id: row.change_id,
          waitedMinutes: 0,
          failureChance: 0,
          touchesEverything: false,
        })),
        near: () => true,
        verdict: () => undefined,
        isRunning: (build) =>
          lane.some((row) => row.change_id === build.changes[0] && row.state !== 'queued'),
      },
      SERIAL,
    );
    const next = builds[0]?.changes[0];
    if (next !== undefined && next !== change.id) {
      return lane.find((row) => row.change_id === next)?.head_sha.slice(0, 12) ?? 'another change';
    }
    await store.moveTo(tx, key, { state: 'testing' });
    return undefined;
  });
}

/** Undefined when it passes, if only the second time. */
async function testTwice(
  deps: LandingDeps,
  context: StepContext,
  change: Change,
  baseSha: string,
  check: { name: string; options: JsonObject },
): Promise<StepResult | undefined> {
  const key = { run_id: context.run.id, step_name: context.step.name };
  const first = await deps.test(change, baseSha, check);
  if (first.outcome === 'stopped') {
    return { outcome: 'failed', message: 'The test before landing was stopped before its end.' };
  }
  if (first.outcome === 'conflict') {
    const shown = first.paths.slice(0, 10).join(', ');
    return giveBack(
      context,
      change,
      `Conflicts with ${change.baseBranch} in ${shown}: rebase and push.`,
    );
  }
  await store.recordTest(deps.db, key, { baseSha, tree: first.tree, isFlaky: false });
  if (first.outcome === 'passed') return undefined;
  if (await isProbablyFlaky(deps, change)) {
    const second = await deps.test(change, baseSha, check);
    if (second.outcome === 'passed') {
      await store.recordTest(deps.db, key, { baseSha, tree: second.tree, isFlaky: true });
      return undefined;
    }
  }
  return giveBack(context, change, reproduce(change, baseSha, first));
}

/** Flakes and faults as this repository has known them; so far unknown ones count as rare. */
async function isProbablyFlaky({ db }: LandingDeps, { repository }: Change): Promise<boolean> {
  const { ended, returned, tests, flaky } = await store.readRates(db, repository);
  const flakeRate = (flaky + 1) / (tests + 20);
  const faultRate = (returned + 1) / (ended + 20);
  return flakeRate / (flakeRate + faultRate) > SERIAL.minFlakeChance;
}

/** What an author needs to see the failure with their own eyes: the tree, and the command. */
function reproduce(
  change: Change,
  baseSha: string,
  { command, output }: { command: string; output: string },
): string {
  return [
    `It fails on the ${change.baseBranch} it would make. To see it:`,
    `git fetch origin && git checkout ${change.headSha} && git merge --no-edit ${baseSha} && ${command}`,
    output.trim().slice(-4_000),
  ].join('\n');
}

function giveBack(context: StepContext, change: Change, note: string): StepResult {
  const text = note.slice(0, MAX_NOTE);
  const key = { run_id: context.run.id, step_name: context.step.name };
  return {
    outcome: 'failed',
    isPermanent: true,
    message: text.slice(0, 1_000),
    events: [returned(context, change, text)],
    async write(tx) {
      await store.moveTo(tx, key, { state: 'returned', output: text });
      const { id: changeId, headSha, sessionId } = change;
      await store.leaveNote(tx, { changeId, headSha, sessionId, note: text });
    },
    outbox: [
      {
        target: 'host.comment',
        payload: {
          host: change.host,
          changeId: change.id,
          change: toHost(change),
          markdown: `Not landed on \`${change.baseBranch}\`.\n\n\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``,
        },
        idempotencyKey: `${context.idempotencyKey}:returned:${change.headSha}`,
        cause: context.cause,
        correlationId: change.correlationId,
      },
    ],
  };
}

function toHost(change: Change): JsonObject {
  const { id, repository, number, branch, baseBranch, headSha } = change;
  return {
    changeId: id,
    repository,
    branch,
    baseBranch,
    headSha,
    ...(number === null ? {} : { number }),
  };
}

function returned({ run, step, cause }: StepContext, change: Change, note: string): NewEvent {
  return {
    type: 'landing.returned',
    subject: change.id,
    actor: ORCHESTRATION,
    cause,
    correlationId: change.correlationId,
    refs: {
      change: change.id,
      repository: change.repository,
      commit: change.headSha,
      run: run.id,
      step: step.id,
      session: change.sessionId,
      workItem: change.workItemId,
    },
    data: { note },
  };
}

/** Whether a check's output speaks of this head. */
function isOf(output: JsonObject, { headSha }: Change): boolean {
  return output['isMergeResult'] === true || output['testedSha'] === headSha;
}
