// `fovea weights pull`: brings weight files to the data folder, so that jobs and imports find them without a network.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentHashOf } from '../../core/content-hash.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { ARCHITECTURES, findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Architecture, WeightSource } from '../../core/network/description/network.ts';
import { checkPublishedWeights } from '../../core/network/weights/check-published-weights.ts';
import { MAX_WEIGHT_FILE_BYTES } from '../../core/network/weights/find-weight-file.ts';
import { readKerasWeights } from '../../core/network/weights/read-keras-weights.ts';
import { parseWeightFileName } from '../../core/network/weights/weight-file-name.ts';
import { mirrorOf } from '../../core/network/weights/weights-mirror.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../core/storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../core/storage/object-store.ts';
import { adviceOnOtherMachine } from '../context/other-machine.ts';
import { openPull, type PullCommandOptions } from '../pull/open-pull.ts';
import type { PulledFile } from '../pull/pull-file.ts';
import { fileNameOf, isSource } from '../pull/source-address.ts';
import { createOutput, type OutputOptions } from '../terminal/output.ts';
import { shownStart } from '../terminal/shown-command.ts';

/** The options of `fovea weights pull`. */
export interface WeightsPullOptions extends PullCommandOptions, OutputOptions {
  readonly data: string;
  /** Whether the file of an architecture is the one with its classifier, for `import-model`. */
  readonly withTop?: boolean;
  /** Name in the data folder, of a file of a URL or a hub; default: its own. */
  readonly as?: string;
}

/** Keras's own name of a model's weights in a repository of a hub. */
const HUB_WEIGHTS = 'model.weights.h5';

/**
 * Pulls the published weights of an architecture, or a file of a URL or a hub, into the data folder.
 * @throws {FoveaError} `architecture-unknown`, `weights-unavailable`, `weights-exists`, what pulling throws.
 */
export async function runWeightsPull(source: string, options: WeightsPullOptions): Promise<void> {
  const { data } = options;
  const folder = path.resolve(data);
  const store = await openObjectStore(pathToFileURL(folder).href);
  const architecture = isSource(source) ? undefined : findArchitecture(source);
  const published = architecture && publishedOf(architecture, options);
  const mirror = published && mirrorOf(published.file);
  // Without TLS, a mirror is on this machine.
  const allowHttp = [...(options.allowHttp ?? []), ...(mirror?.protocol === 'http:' ? [mirror.host] : [])];
  const { address, pull } = openPull(source, store, { ...options, allowHttp });
  const url = published === undefined ? address(source, HUB_WEIGHTS).url : new URL(published.url);
  const file = published?.file ?? parseWeightFileName(options.as ?? fileNameOf(url), 'as');
  // Jobs find a published file by its name, wherever it came from.
  const owner = ownerOf(file);
  const isIt = async (bytes: Uint8Array) => {
    if (owner === undefined) await readKerasWeights(bytes);
    else await checkPublishedWeights(owner.architecture, owner.source, bytes);
  };
  const limits = {
    maxBytes: MAX_WEIGHT_FILE_BYTES,
    kind: 'keras',
    checksum: published?.checksum,
    check: async (place: string) => isIt(await readFile(place)),
  } as const;
  const pulled = (mirror && (await tryMirror(() => pull(mirror, limits)))) ?? (await pull(url, limits));
  const place = { file, folder, canRename: published === undefined };
  await keep(store, place, await readFile(pulled.path), async (before) => {
    // Of a published file there is always another copy to be had.
    if (published === undefined) return false;
    return options.fresh === true || !(await passes(() => isIt(before)));
  });
  const advice = published && (await adviceOnOtherMachine(source));
  createOutput(options).answer({
    json: {
      object: 'weights',
      architecture: architecture?.name ?? null,
      file,
      folder,
      license: published?.license ?? null,
      trained_on: published?.trainedOn ?? null,
      sha256: pulled.sha256,
      size_bytes: pulled.sizeBytes,
    },
    text: () =>
      [
        published === undefined
          ? `"${file}" is in the data folder ${folder}. Its license is that of where it came from. Make a model of it: POST /v1/models, "weights": "${file}"`
          : `"${file}", ${published.trainedOn}, license ${published.license}, is in the data folder ${folder}. ` +
            `Train on it with: ${shownStart({ data })}, and a job of "model": "${source}"`,
        ...(advice === undefined ? [] : [advice]),
      ].join('\n'),
    short: () => file,
  });
}

async function passes(check: () => Promise<void>): Promise<boolean> {
  try {
    await check();
    return true;
  } catch (error) {
    if (isFoveaError(error)) return false;
    throw error;
  }
}

/** Pulls from the mirror; undefined where it does not have the file, which is said. */
async function tryMirror(pull: () => Promise<PulledFile>): Promise<PulledFile | undefined> {
  try {
    return await pull();
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    console.error(
      `The mirror does not give the file: ${error.message} It is pulled from where it is published.`,
    );
    return undefined;
  }
}

/** Where a file is to be, and whether it may have another name. */
interface Place {
  readonly file: string;
  readonly folder: string;
  readonly canRename: boolean;
}

/**
 * Stores a file. One of the same name that has other bytes stays, unless `canReplace` says otherwise: it may be all that its owner has of it.
 */
async function keep(
  store: ObjectStore,
  { file, folder, canRename }: Place,
  bytes: Uint8Array,
  canReplace: (before: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const key = keys.weights(file);
  try {
    await store.put(key, bytes, { ifNoneMatch: '*' });
  } catch (cause) {
    if (!(cause instanceof PreconditionFailedError)) throw cause;
    const before = await store.get(key);
    const received = contentHashOf(bytes);
    const there = before && contentHashOf(before.body);
    if (there === received) return;
    if (before !== undefined && (await canReplace(before.body))) {
      await store.put(key, bytes, { ifMatch: before.etag });
      return;
    }
    const both = canRename ? ', or keep both: give the new one another name with --as NAME' : '';
    throw new FoveaError(
      'weights-exists',
      `${path.join(folder, key)} is another file (sha256 ${there}) than the one that was pulled (${received}), and was left as it is. ` +
        `Move it away and run the command again, which downloads nothing anew${both}.`,
      { param: 'as', details: { file, there, received }, cause },
    );
  }
}

/** The architecture of a published file's name; undefined for another name. */
function ownerOf(file: string) {
  for (const architecture of ARCHITECTURES) {
    const source = architecture.weightSources.find((one) => one.file === file);
    if (source !== undefined) return { architecture, source };
  }
  return undefined;
}

function publishedOf(
  { name, weightSources }: Architecture,
  { withTop = false, file, as }: WeightsPullOptions,
): WeightSource {
  if (as !== undefined) {
    throw new FoveaError(
      'weights-unavailable',
      `The weights of ${name} keep their name, by which jobs find them. Leave out --as ${as}; it is for files of a URL or a hub.`,
      { param: 'as' },
    );
  }
  const usable = weightSources.filter((source) =>
    file === undefined ? !withTop || source.includesTop : source.file === file,
  );
  const [first] = usable.toSorted((a, b) => Number(a.includesTop) - Number(b.includesTop));
  if (first !== undefined) return first;
  throw new FoveaError(
    'weights-unavailable',
    weightSources.length === 0
      ? `There are no published weights for ${name}, which is trained from scratch. Choose another architecture.`
      : `There is no published file ${file === undefined ? 'with a classifier' : `"${file}"`} for ${name}. There are: ` +
          `${weightSources.map((source) => source.file).join(', ')}.`,
    { param: 'source', details: { architecture: name } },
  );
}
