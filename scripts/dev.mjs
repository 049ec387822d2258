// `npm run dev`: the server, restarted on change, and the console with hot reload, side by side.
import { spawn } from 'node:child_process';

const server = [
  '--watch-path=src',
  '--watch-path=migrations',
  'src/app/main.ts',
  'up',
  '--verbose',
  ...process.argv.slice(2),
];
const children = [
  spawn(process.execPath, server, { stdio: 'inherit' }),
  spawn('npm', ['run', 'dev', '--workspace', 'console'], { stdio: 'inherit' }),
];
const stop = () => children.forEach((child) => child.kill('SIGTERM'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
for (const child of children) child.on('exit', stop);
