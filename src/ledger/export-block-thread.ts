/** A thread that checks blocks of an export, one after the other. */
// oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows
import { parentPort, workerData } from 'node:worker_threads';
import { type BlockTerms, checkBlock, type ExportBlock } from './export-block.ts';

parentPort?.on('message', (block: ExportBlock) => {
  parentPort?.postMessage(checkBlock(block, workerData as BlockTerms));
});
