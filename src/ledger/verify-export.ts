/**
 * Checks an export with nothing but the export and what the auditor brings: the key of the log and a
 * checkpoint kept from before. Entries and payloads are streamed; the first bad entry is named.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#kernel';
import { ExportFolder } from './export-folder.ts';
import { PayloadReader } from './payload-reader.ts';
import { openPinned, readPinned } from './pinned.ts';
import { PromiseKeeper, type Promised } from './promises.ts';
import { type Checkpoint, openCheckpoint, parseProof } from './transparency/checkpoint.ts';
import { Entry, MAX_ENTRY_BYTES } from './transparency/entry.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './transparency/merkle.ts';
import { type NoteVerifier, parseVkey } from './transparency/note.ts';
import {
  differingEntries,
  GrowingTree,
  TILE_WIDTH,
  type Tile,
  tilePath,
  widthOf,
} from './transparency/tiles.ts';
import { walkInBulk } from './verify-export-bulk.ts';
import { Findings, type VerifyReport } from './verify-report.ts';

export interface VerifyOptions {
  /** A checkpoint kept from before (its text or the path of its file): the export must extend it. */
  pinned?: string | undefined;
  /** The public key of the log, from a place other than the export. */
  vkey?: string | undefined;
  /** The name the log must have. */
  origin?: string | undefined;
}

/**
 * Verifies an export. What is wrong with it is in the report.
 * @throws AppError `ledger.no_export` when there is none, `ledger.bad_vkey` or `ledger.bad_pin` when
 *   what the auditor brought cannot be read.
 */
export async function verifyExport(
  dir: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const folder = new ExportFolder(dir);
  if (!existsSync(join(dir, 'entries.ndjson'))) {
    throw new AppError('not_found', 'ledger.no_export', {
      message: `${dir} does not hold an exported log: entries.ndjson is missing.`,
      hint: 'Make one with `loom audit export DIR`.',
    });
  }
  const findings = new Findings();
  const verifiers = await readKeys(folder, options.vkey, findings);
  const note = (await folder.readText('checkpoint')) ?? '';
  const newest = openCheckpoint(note, verifiers);
  if (newest === undefined) findings.add('the checkpoint is missing or has no valid signature');
  const origin = options.origin ?? verifiers[0]?.name;
  if (newest !== undefined && newest.origin !== origin) {
    findings.add(`the checkpoint is of the log ${newest.origin}, not of ${origin}`);
  }

  const older = await readOlder(folder, verifiers, findings);
  const promised: Promised[] = older.map((each) => ({ ...each, name: `checkpoints/${each.size}` }));
  if (newest !== undefined) promised.push({ ...newest, name: 'the checkpoint' });
  if (options.pinned !== undefined) {
    const kept = openPinned(readPinned(options.pinned), verifiers, findings);
    if (kept !== undefined) promised.push(kept);
  }

  const leaves = await walkThrough(folder, findings, promised, newest);
  await checkInclusionProofs(folder, findings, verifiers, leaves);
  await checkConsistencyProofs(folder, findings, verifiers, older);
  return findings.report({
    checkpoint:
      newest === undefined
        ? null
        : { ...newest, root: Buffer.from(newest.root).toString('base64'), note },
    trust: {
      key: options.vkey === undefined ? 'found' : 'given',
      isPinned: options.pinned !== undefined,
    },
  });
}

/** In bulk where all is sound, else entry by entry. Gives the hashes there are proofs for. */
async function walkThrough(
  folder: ExportFolder,
  findings: Findings,
  promised: readonly Promised[],
  newest: Checkpoint | undefined,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const names = await folder.list('proofs/inclusion');
  const wanted = names.map((name) => Number.parseInt(name, 10));
  const bulk =
    newest === undefined ? undefined : await walkInBulk(folder, { newest, promised, wanted });
  if (bulk !== undefined) {
    Object.assign(findings.checked, bulk.checked);
    return bulk.leaves;
  }
  const keeper = new PromiseKeeper(findings);
  keeper.expect(promised);
  const walk = new Walk(folder, findings, keeper, wanted);
  await walk.run(newest);
  return walk.leavesOfProofs;
}

async function readKeys(
  folder: ExportFolder,
  given: string | undefined,
  findings: Findings,
): Promise<NoteVerifier[]> {
  if (given !== undefined) return [parseVkey(given)];
  const lines = ((await folder.readText('vkey')) ?? '').split('\n').filter((line) => line !== '');
  try {
    return lines.map(parseVkey);
  } catch {
    findings.add('the file vkey does not name the public key of a log');
    return [];
  }
}

async function readOlder(
  folder: ExportFolder,
  verifiers: readonly NoteVerifier[],
  findings: Findings,
): Promise<Checkpoint[]> {
  const older: Checkpoint[] = [];
  for (const name of await folder.list('checkpoints')) {
    const note = (await folder.readText(`checkpoints/${name}`)) ?? '';
    const checkpoint = openCheckpoint(note, verifiers);
    if (checkpoint === undefined || String(checkpoint.size) !== name) {
      findings.add(`checkpoints/${name} has no valid signature or another size`);
    } else older.push(checkpoint);
  }
  return older;
}

/** One walk through the entries, from the first to the last. */
class Walk {
  /** Hashes of the entries there are inclusion proofs for. */
  readonly leavesOfProofs = new Map<number, Uint8Array>();
  readonly #folder: ExportFolder;
  readonly #findings: Findings;
  readonly #keeper: PromiseKeeper;
  readonly #tree = new GrowingTree();
  readonly #payloads: PayloadReader;
  readonly #hasTiles: boolean;
  /** Entries whose payload is not there; each needs a redaction. */
  readonly #withoutPayload = new Map<number, string>();
  readonly #redacted = new Set<number>();
  #lastTime = 0;

  constructor(
    folder: ExportFolder,
    findings: Findings,
    keeper: PromiseKeeper,
    wanted: readonly number[],
  ) {
    for (const index of wanted) this.leavesOfProofs.set(index, Buffer.alloc(0));
    this.#folder = folder;
    this.#findings = findings;
    this.#keeper = keeper;
    this.#payloads = new PayloadReader(folder, findings);
    this.#hasTiles = folder.has('tile');
  }

  async run(newest: Checkpoint | undefined): Promise<void> {
    this.#keeper.reached(this.#tree);
    for await (const { line, isTerminated } of this.#folder.lines('entries.ndjson')) {
      const index = this.#tree.size;
      if (newest !== undefined && index >= newest.size) {
        this.#findings.add('there are entries the checkpoint does not cover', index);
        break;
      }
      if (!isTerminated) this.#findings.add('the last line has no end', index);
      if (line.length > MAX_ENTRY_BYTES) this.#findings.add('the entry is too long', index);
      const hash = leafHash(line);
      if (this.leavesOfProofs.has(index)) this.leavesOfProofs.set(index, hash);
      await this.#checkEntry(index, line);
      this.#tree.append(hash);
      if (this.#tree.size % TILE_WIDTH === 0) {
        const tiles = this.#tree.takeChangedTiles();
        await this.#compareTiles(tiles.filter((tile) => widthOf(tile) === TILE_WIDTH));
      }
      this.#keeper.reached(this.#tree);
    }
    await this.#compareTiles(this.#tree.unfinishedTiles());
    const isWhole = this.#keeper.ended(this.#tree.size);
    await this.#payloads.refuseRest(this.#tree.size);
    // Where the end is missing, the redactions may be in it.
    if (!isWhole) return;
    for (const [index, eventId] of this.#withoutPayload) {
      this.#findings.add('its payload is missing and was never redacted', index, eventId);
    }
  }

  async #checkEntry(index: number, line: Buffer): Promise<void> {
    this.#findings.checked.entries += 1;
    const entry = parseEntry(line);
    if (entry === undefined) {
      this.#findings.add('the entry is not one of this format', index);
      return;
    }
    const bad = (what: string) => this.#findings.add(what, index, entry.id);
    if (entry.seq !== index) bad(`the entry at this place says it is number ${entry.seq}`);
    const time = Date.parse(entry.ts);
    if (time < this.#lastTime) bad('the entry is dated before its predecessor');
    this.#lastTime = Math.max(time, this.#lastTime);
    await this.#checkPayloads(index, entry);
    if (entry.type === 'payload.redacted' && entry.target !== undefined) {
      this.#excuse(entry.target.seq, entry.id, index);
    }
  }

  async #checkPayloads(index: number, entry: Entry): Promise<void> {
    if (!this.#payloads.isThere) return;
    const found = await this.#payloads.commitmentsOf(index);
    for (const [field, commitment] of found) {
      this.#findings.checked.payloads += 1;
      if (entry.commit[field] === undefined) {
        this.#findings.add(`it has a payload ${field} it never committed to`, index, entry.id);
      } else if (entry.commit[field] !== commitment) {
        this.#findings.add(`its payload ${field} is not the one recorded`, index, entry.id);
      }
    }
    const isComplete = Object.keys(entry.commit).every((field) => found.has(field));
    if (!isComplete) this.#withoutPayload.set(index, entry.id);
  }

  #excuse(target: number, eventId: string, index: number): void {
    if (this.#withoutPayload.delete(target)) {
      this.#findings.checked.redacted += 1;
      this.#redacted.add(target);
    } else if (this.#payloads.isThere && !this.#redacted.has(target)) {
      const what = 'it redacts a payload that is exported all the same, or never was';
      this.#findings.add(what, index, eventId);
    }
  }

  async #compareTiles(tiles: readonly Tile[]): Promise<void> {
    if (!this.#hasTiles) return;
    for (const tile of tiles) {
      const path = tilePath(tile.level, tile.index, widthOf(tile));
      const found = await this.#folder.read(path);
      this.#findings.checked.tiles += 1;
      if (found !== undefined && found.equals(tile.hashes)) continue;
      const what = found === undefined ? 'is missing' : 'differs from the entries';
      const { start, end } = differingEntries(tile, found);
      this.#findings.addWithin(`${path} ${what}`, start, end);
    }
  }
}

function parseEntry(line: Buffer): Entry | undefined {
  try {
    return Entry.safeParse(JSON.parse(line.toString())).data;
  } catch {
    return undefined;
  }
}

async function checkInclusionProofs(
  folder: ExportFolder,
  findings: Findings,
  verifiers: readonly NoteVerifier[],
  leaves: ReadonlyMap<number, Uint8Array>,
): Promise<void> {
  for (const name of await folder.list('proofs/inclusion')) {
    const path = `proofs/inclusion/${name}`;
    const parsed = parseProof((await folder.readText(path)) ?? '', 'index');
    const checkpoint = parsed && openCheckpoint(parsed.checkpoint, verifiers);
    const leaf = parsed && leaves.get(parsed.number);
    findings.checked.proofs += 1;
    const isSound =
      parsed !== undefined &&
      name === `${parsed.number}.tlog-proof` &&
      checkpoint !== undefined &&
      leaf !== undefined &&
      verifyInclusion({ ...checkpoint, leaf, index: parsed.number, proof: parsed.proof });
    const index = Number.parseInt(name, 10);
    if (!isSound) findings.add(`${path} does not prove it`, Number.isNaN(index) ? null : index);
  }
}

async function checkConsistencyProofs(
  folder: ExportFolder,
  findings: Findings,
  verifiers: readonly NoteVerifier[],
  older: readonly Checkpoint[],
): Promise<void> {
  for (const name of await folder.list('proofs/consistency')) {
    const path = `proofs/consistency/${name}`;
    const parsed = parseProof((await folder.readText(path)) ?? '', 'old');
    const checkpoint = parsed && openCheckpoint(parsed.checkpoint, verifiers);
    const old = older.find(({ size }) => size === parsed?.number);
    findings.checked.proofs += 1;
    const isSound =
      parsed !== undefined &&
      checkpoint !== undefined &&
      old !== undefined &&
      verifyConsistency({
        ...checkpoint,
        oldSize: old.size,
        oldRoot: old.root,
        proof: parsed.proof,
      });
    if (!isSound) findings.add(`${path} does not prove that the older log is a prefix`);
  }
}
