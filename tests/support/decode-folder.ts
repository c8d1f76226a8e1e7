// Decodes the files named on the command line, one after the other, and reports what came of each, with the peak memory
// of this process. Run as a process of its own, so that a crash and a leak are seen.

import { readFileSync } from 'node:fs';
import { isFoveaError } from '../../core/errors/errors.ts';
import { decodeImage } from '../../core/image/decode-image.ts';

export interface DecodeReport {
  readonly files: Readonly<Record<string, FileReport>>;
  readonly maxRssMb: number;
}

export interface FileReport {
  /** Null for a picture; `untyped: …` for an error that has no code. */
  readonly code: string | null;
  readonly width?: number;
  readonly height?: number;
  /** 16 × 16 RGB. */
  readonly thumbnail: readonly number[];
  readonly ms: number;
}

async function tryFile(file: string): Promise<FileReport> {
  const started = performance.now();
  const elapsed = () => Math.round(performance.now() - started);
  try {
    const bytes = readFileSync(file);
    const { width, height } = await decodeImage(bytes);
    const { pixels } = await decodeImage(bytes, { size: { height: 16, width: 16, resize: 'stretch' } });
    return { code: null, width, height, thumbnail: [...pixels], ms: elapsed() };
  } catch (error) {
    return {
      code: isFoveaError(error) ? error.code : `untyped: ${String(error)}`,
      thumbnail: [],
      ms: elapsed(),
    };
  }
}

const files: Record<string, FileReport> = {};
for (const file of process.argv.slice(2)) files[file] = await tryFile(file);
const report: DecodeReport = { files, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) };
process.stdout.write(JSON.stringify(report));
