// Commits a model version: files first, then the manifest, then the alias. After a crash in between the version does not exist, and the
// same commit again completes it.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { inputFormatOf } from '../image/model-input.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { moveAlias } from './aliases.ts';
import { LATEST_ALIAS } from './live-record.ts';
import { type Manifest, ManifestSchema } from './manifest.ts';
import { parseModelName } from './model-name.ts';
import { findManifest, MANIFEST_FILE } from './read-manifest.ts';
import { byNumber } from './versions.ts';

/** The files of a version: name, e.g. `model.onnx`, to content. */
export type ModelFiles = ReadonlyMap<string, Uint8Array | string>;

/**
 * Stores a version for good: first `files`, then the manifest, then the alias `latest`, which only moves to a higher number. A commit
 * that the same job has made before changes nothing but the alias.
 * @throws {FoveaError} `model-commit-invalid` where the manifest is invalid or does not fit the files;
 *   `model-version-exists` where another job committed this version.
 */
export async function commitModel(store: ObjectStore, manifest: Manifest, files: ModelFiles): Promise<void> {
  const { model, version, jobId } = manifest;
  assertCommittable(manifest, files);
  if ((await findManifest(store, model, version)) === undefined) {
    for (const [file, body] of files) await store.put(keys.modelFile(model, version, file), body);
    await putManifest(store, manifest);
  }
  const committed = await findManifest(store, model, version);
  if (committed?.manifest.jobId !== jobId) throw versionExists(manifest, committed?.manifest.jobId);
  await moveAlias(store, model, LATEST_ALIAS, version, (current) => byNumber(current, version) < 0);
}

async function putManifest(store: ObjectStore, manifest: Manifest): Promise<void> {
  const key = keys.modelFile(manifest.model, manifest.version, MANIFEST_FILE);
  try {
    await store.put(key, `${JSON.stringify(manifest, undefined, 2)}\n`, {
      ifNoneMatch: '*',
      contentType: 'application/json',
    });
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
  }
}

/** Refuses a manifest that nobody could load, which must not become the latest version. */
function assertCommittable(manifest: Manifest, files: ModelFiles): void {
  parseModelName(manifest.model);
  const parsed = ManifestSchema.safeParse(manifest);
  if (!parsed.success) throw invalid(manifest, parsed.error.message);
  const format = inputFormatOf(manifest.input);
  if (manifest.formatVersion < format)
    throw invalid(manifest, `its input needs format ${format}, and it has ${manifest.formatVersion}`);
  for (const { file, sizeBytes, sha256 } of [
    manifest.onnx,
    ...(manifest.heatmap ? [manifest.heatmap] : []),
  ]) {
    const body = files.get(file);
    if (body === undefined) throw invalid(manifest, `its ONNX file "${file}" is not among the files`);
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    if (bytes.byteLength !== sizeBytes || contentHashOf(bytes) !== sha256) {
      throw invalid(manifest, `size or sha256 of "${file}" differ from what the manifest says`);
    }
  }
  if (files.has(MANIFEST_FILE))
    throw invalid(manifest, `"${MANIFEST_FILE}" is written from the manifest itself`);
}

const invalid = ({ model, version }: Manifest, problem: string) =>
  new FoveaError(
    'model-commit-invalid',
    `Version "${version}" of model "${model}" was not committed: ${problem}.`,
  );

const versionExists = ({ model, version, jobId }: Manifest, owner: string | undefined) =>
  new FoveaError(
    'model-version-exists',
    `Version "${version}" of model "${model}" was committed by job "${owner}" and cannot change; job "${jobId}" must claim ` +
      'another version.',
    { param: 'version' },
  );
