/**
 * Ends a CI run with one plain line: `N passed, N failed, N skipped`. Where FAILED_TEST_FILES names a
 * file, the test files that failed are written to it, one per line, for `.ci/run` to look at again. An
 * error outside of any test belongs to no file, so nothing is written then.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errorsOutside: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    process.stdout.write(
      `\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`,
    );

    const list = process.env['FAILED_TEST_FILES'];
    if (list === undefined || errorsOutside.length > 0) return;
    const failed = modules.filter((module) => !module.ok()).map((module) => module.moduleId);
    writeFileSync(list, failed.map((path) => `${path}\n`).join(''));
  }
}
