// Opens the way by which commands pull files: their options, the hub of the environment, the cache folder, and progress at the terminal.

import { Presets, SingleBar } from 'cli-progress';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { environment } from '../../core/environment.ts';
import type { WeightSource } from '../../core/network/description/network.ts';
import { shownUrl } from '../../core/remote/shown-url.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { BodyKind } from './check-body.ts';
import type { PullProgress } from './download-file.ts';
import { type PulledFile, pulledFolder, pullFile } from './pull-file.ts';
import { isUrl, type SourceAddress, toAddress } from './source-address.ts';

/** The options that all commands have that pull. */
export interface PullCommandOptions {
  /** Path inside a hub's repository. */
  readonly file?: string;
  readonly sha256?: readonly string[];
  readonly allowHttp?: readonly string[];
  /** Whether what was pulled before is downloaded anew. */
  readonly fresh?: boolean;
}

/** Pulls files for one command. */
export interface Pull {
  /** Where a source is. @throws {FoveaError} `download-refused`. */
  address(source: string, defaultFile: string): SourceAddress;
  /** Pulls one file, with progress. @throws what {@link pullFile} throws. */
  pull(url: URL, limits: PullLimits): Promise<PulledFile>;
}

/** What one file may be, and what its publisher says of it. */
export interface PullLimits {
  readonly maxBytes: number;
  /** What the file is to be; undefined where its first bytes may be any. */
  readonly kind?: BodyKind;
  /** Whether it comes with the file that was asked for: hashes that are given are that one's, and accept this file where it is listed. */
  readonly isBeside?: boolean;
  readonly checksum?: WeightSource['checksum'];
  /** Reads the file before it is kept; see {@link pullFile}. */
  readonly check?: (file: string) => Promise<void>;
}

/**
 * Opens the way by which a command pulls files.
 * @param source What the command's user named: a hub's token is given to the hub alone, not to the server of a URL.
 * @param store The data folder, which remembers hashes.
 */
export function openPull(
  source: string,
  store: ObjectStore,
  { file, sha256 = [], allowHttp = [], fresh: isFresh = false }: PullCommandOptions,
  env: NodeJS.ProcessEnv = process.env,
): Pull {
  const said = (name: string) => (env[name] === '' ? undefined : env[name]);
  const token = isUrl(source) ? undefined : said(environment.hubToken);
  return {
    address: (text, defaultFile) => toAddress(text, file ?? defaultFile, said(environment.hubEndpoint)),
    pull: (url, { maxBytes, kind, isBeside = false, checksum, check }) =>
      showing(url, (onProgress) =>
        pullFile(url, {
          store,
          now: Date.now,
          folder: pulledFolder(cacheDirectory(env)),
          rules: { allowHttp },
          token,
          [isBeside ? 'alsoAccepted' : 'sha256s']: sha256.map((hash) => hash.toLowerCase()),
          kind,
          checksum,
          check,
          isFresh,
          maxBytes,
          onProgress,
        }),
      ),
  };
}

/** Shows progress on a terminal, and in any case what was pulled. Goes to stderr, because the result of a command goes to stdout. */
async function showing(
  url: URL,
  pull: (onProgress: (progress: PullProgress) => void) => Promise<PulledFile>,
): Promise<PulledFile> {
  const format = 'pulling  {bar} {mb} of {mbInAll} MB';
  const bar = new SingleBar({ stream: process.stderr, format, barsize: 24 }, Presets.shades_classic);
  try {
    const pulled = await pull(({ receivedBytes, totalBytes }) => {
      if (!process.stderr.isTTY) return;
      const sizes = {
        mb: megabytes(receivedBytes),
        mbInAll: totalBytes === null ? '?' : megabytes(totalBytes),
      };
      if (bar.isActive) bar.update(receivedBytes, sizes);
      else bar.start(totalBytes ?? 0, receivedBytes, sizes);
    });
    bar.stop();
    const how = pulled.found === 'cache' ? 'From the cache' : 'Pulled';
    console.error(`${how}: ${shownUrl(url)}, ${megabytes(pulled.sizeBytes)} MB, sha256 ${pulled.sha256}`);
    return pulled;
  } finally {
    bar.stop();
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
