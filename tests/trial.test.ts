/**
 * Goal: agents that are attached bring no conflict to a merge and lose no edit, where the same agents by
 * themselves are told nothing; and both arms land all the work.
 * Method: the trial of `npm run trial`, small: two agents whose tasks both end in one list of routes, one found
 * out only while editing; with a real server, real work trees and the hook command as a process.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ArmResult, runArm } from '../bench/trial/arm.ts';
import { attachTo } from '../bench/trial/attach.ts';
import { fewerConflicts, trialTable } from '../bench/trial/report.ts';
import { TASKS } from '../bench/trial/tasks.ts';
import { temporaryFolder } from './support/folder.ts';
import { startServer } from './support/server.ts';

const NAMES = ['refunds', 'coupons'];

test('two agents on one list of routes: all lands, and attached ones meet no conflict', async () => {
  using folder = temporaryFolder('trial');
  await using server = await startServer({ data: join(folder.path, 'data') });
  const common = {
    seed: 1,
    agents: NAMES.length,
    paceMs: 150,
    tasks: TASKS.filter(({ name }) => NAMES.includes(name)),
  };
  const place = (name: string) => {
    const path = join(folder.path, name);
    mkdirSync(path);
    return path;
  };

  const alone = await runArm({ ...common, folder: place('alone') });
  const attach = attachTo(server, 'trial/shop');
  const attached = await runArm({ ...common, folder: place('attached'), attach });

  for (const arm of [alone, attached]) {
    expect(arm).toMatchObject({ lostEdits: [], landedWork: NAMES.length, isMainGreen: true });
  }
  expect(conflictsOf(attached)).toEqual([]);
  expect(alone.tasks.every(({ hookCalls, toolCalls }) => hookCalls + toolCalls === 0)).toBe(true);
  expect(attached.tasks.every(({ hookCalls, toolCalls }) => hookCalls > 4 && toolCalls > 0)).toBe(
    true,
  );
  const pairs = [{ without: alone, with: attached }];
  expect(fewerConflicts(pairs)).toBe(conflictsOf(alone).length === 0 ? undefined : 1);
  expect(trialTable(pairs)).toContain(`| ${conflictsOf(alone).length} | 0 |`);
});

function conflictsOf({ tasks }: ArmResult): string[][] {
  return tasks.flatMap(({ conflicts }) => conflicts);
}
