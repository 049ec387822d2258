import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { AppError, checkValue } from '#kernel';
import { type SignedCheckpoint, verifyExport, type VerifyReport } from '#ledger';
import type { ApiClient } from '../client.ts';
import { counted, EXIT_CODES, printable } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

const Part = z.object({ path: z.string(), data: z.base64(), append: z.boolean() });

export const registerAudit: RegisterCommands = (program, context) => {
  const audit = program.command('audit').description('the tamper-evident log');

  audit
    .command('verify [dir]')
    .description(
      'recompute the log and name the first bad entry: of the server, or of an exported folder',
    )
    .option('--pinned <file>', 'a checkpoint kept from before; the log must extend it')
    .option('--vkey <key>', 'public key of the log, from a place other than the export')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom audit verify\n  $ loom audit export /tmp/log && loom audit verify /tmp/log --pinned last-year.checkpoint\n',
    )
    .action(async (dir: string | undefined, options: { pinned?: string; vkey?: string }) => {
      if (dir !== undefined) {
        finish(await verifyExport(dir, options), dir);
        return;
      }
      // The live tables first: an export cannot show a row that was edited beside its log entry.
      const client = context.client();
      const live = await client.send<VerifyReport>('POST', '/v1/audit/verify');
      if (!live.isValid || (options.pinned === undefined && options.vkey === undefined)) {
        finish(live, 'the server');
        return;
      }
      const folder = mkdtempSync(join(tmpdir(), 'loom-audit-'));
      try {
        await writeExport(client, folder);
        finish(await verifyExport(folder, options), 'the server');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

  function finish(report: VerifyReport, what: string): void {
    if (!report.isValid) context.setExitCode(EXIT_CODES.unsound);
    context.output().result(report, (it) => {
      const trust = it.trust.isPinned
        ? 'It extends the pinned checkpoint.'
        : 'Keep its checkpoint elsewhere and pass it as --pinned next time: only that catches a rewritten log.';
      if (it.isValid) {
        const { entries, payloads, checkpoints } = it.checked;
        return `The log of ${what} is sound: ${counted(entries, 'entry', 'entries')}, ${counted(payloads, 'payload')}, ${counted(checkpoints, 'checkpoint')}.\n${trust}`;
      }
      const say = ({ index, eventId, what: problem }: NonNullable<VerifyReport['firstBad']>) =>
        `${index === null ? '' : `entry ${index}${eventId === null ? '' : ` (${eventId})`}: `}${printable(problem)}`;
      return [
        `The log of ${what} is NOT sound. First bad: ${it.firstBad === null ? 'unknown' : say(it.firstBad)}`,
        ...it.problems.map((problem) => `  ${say(problem)}`),
      ].join('\n');
    });
  }

  audit
    .command('export <dir>')
    .description('write the log as static files that any C2SP verifier reads')
    .addHelpText('after', '\nExample:\n  $ loom audit export /backup/log-2026-06\n')
    .action(async (dir: string) => {
      if (existsSync(dir) && readdirSync(dir).length > 0) {
        throw new AppError('conflict', 'audit.folder_not_empty', {
          message: `${dir} is not empty.`,
          hint: 'Name a new folder; an export is never mixed with what is there.',
        });
      }
      const files = await writeExport(context.client(), dir);
      context
        .output()
        .result(
          { dir: resolve(dir), files },
          () =>
            `${counted(files, 'file')} in ${resolve(dir)}. Check them with: loom audit verify ${dir}`,
        );
    });

  audit
    .command('proof <index>')
    .description('the proof that an entry is in the log, as a file C2SP verifiers read')
    .addHelpText('after', '\nExample:\n  $ loom audit proof 42 > 42.tlog-proof\n')
    .action(async (index: string) => {
      const proof = await context
        .client()
        .get<{ file: string }>(`/v1/audit/proofs/${encodeURIComponent(index)}`);
      context.output().result(proof, ({ file }) => file);
    });

  audit
    .command('checkpoint')
    .description('the signed head of the log, to keep elsewhere')
    .addHelpText('after', '\nExample:\n  $ loom audit checkpoint > 2026.checkpoint\n')
    .action(async () => {
      const checkpoint = await context.client().get<Wire<SignedCheckpoint>>('/v1/audit/checkpoint');
      context.output().result(checkpoint, ({ note }) => note);
    });
};

/** Writes what the server streams; a path that leaves the folder is refused. Gives how many files. */
async function writeExport(client: ApiClient, dir: string): Promise<number> {
  const root = resolve(dir);
  const files = new Set<string>();
  for await (const line of client.lines('/v1/audit/export')) {
    const { path, data, append } = checkValue(Part, line, 'audit.bad_export');
    const target = resolve(root, path);
    if (!target.startsWith(root + sep)) {
      throw new AppError('invalid', 'audit.bad_export', {
        message: 'The server named a file outside the folder.',
      });
    }
    mkdirSync(dirname(target), { recursive: true });
    const bytes = Buffer.from(data, 'base64');
    if (append && files.has(path)) appendFileSync(target, bytes);
    else writeFileSync(target, bytes);
    files.add(path);
  }
  return files.size;
}
