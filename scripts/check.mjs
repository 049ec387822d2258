// `npm run check`: format, lint, types and the tests that need no server. `--no-tests` leaves those out.
import { spawn } from 'node:child_process';

const steps = [
  ['format', 'oxfmt', ['--check', '.']],
  ['lint', 'oxlint', ['--type-aware', 'src', 'tests', 'bench', 'console/src']],
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['console types', 'tsc', ['--noEmit', '-p', 'console/tsconfig.json']],
  ['unit tests', 'vitest', ['run', '--project', 'unit', '--silent']],
];

function run([name, command, args]) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      const isGood = code === 0;
      process.stdout.write(
        `${isGood ? 'ok  ' : 'FAIL'}  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
      );
      if (!isGood) process.stdout.write(`${output}\n`);
      resolve(isGood);
    });
  });
}

const quick = await Promise.all(steps.slice(0, 4).map(run));
const tests = process.argv.includes('--no-tests') || (await run(steps[4]));
process.exitCode = [...quick, tests].every(Boolean) ? 0 : 1;
