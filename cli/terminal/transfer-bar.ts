// Shows a transfer of many files: a bar with bytes and files at a terminal, a line now and then in a pipe.

import { Presets, SingleBar } from 'cli-progress';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import type { Output } from './output.ts';
import { countOf } from './words.ts';

/** A transfer that is shown. */
export interface TransferBar {
  /** Counts a file that is done. */
  done(sizeBytes: number): void;
  stop(): void;
}

/** How often a pipe gets a line, in milliseconds. */
const LINE_EVERY_MS = 10_000;

/**
 * Begins to show a transfer.
 * @param doing what is done, for the beginning of the line, e.g. `sending`.
 */
export function startTransferBar(
  output: Output,
  doing: string,
  total: { readonly files: number; readonly bytes: number },
): TransferBar {
  let files = 0;
  let bytes = 0;
  let lastMs = Date.now();
  const startedMs = lastMs;
  const facts = () => ({
    files: `${files.toLocaleString('en-US')}/${countOf(total.files, 'file')}`,
    bytes: `${formatBytes(bytes)} of ${formatBytes(total.bytes)}`,
    rate: `${formatBytes(bytes / Math.max(0.001, (Date.now() - startedMs) / 1000))}/s`,
  });
  const bar = output.isDrawing
    ? new SingleBar(
        {
          stream: process.stdout,
          format: `${doing.padEnd(10)} {bar} {files} · {bytes} · {rate}`,
          barsize: 24,
          hideCursor: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  // An empty transfer has no bytes, and a bar of length 0 is never full.
  bar?.start(Math.max(1, total.bytes), 0, facts());
  return {
    done(sizeBytes) {
      files++;
      bytes += sizeBytes;
      bar?.update(bytes, facts());
      if (bar !== undefined || Date.now() - lastMs < LINE_EVERY_MS) return;
      lastMs = Date.now();
      const now = facts();
      output.note(`${doing} ${now.files}, ${now.bytes}`);
    },
    stop: () => bar?.stop(),
  };
}
