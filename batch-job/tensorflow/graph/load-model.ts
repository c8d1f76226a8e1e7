// Loads a SavedModel that is in memory.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Addon } from '../addon/addon.ts';
import { toDiskFull } from '../executor/disk-full.ts';
import { SAVED_MODEL_TAG } from './graph-schema.ts';

/**
 * Loads a model through a temporary folder, because the addon reads no other. The caller deletes it.
 *
 * @returns The model's id.
 * @throws {FoveaError} `disk-full`.
 * @throws {Error} TensorFlow's, where it cannot place an op on a device.
 */
export async function loadModel(addon: Addon, model: Uint8Array): Promise<number> {
  const file = await writeTemporary(model);
  const directory = path.dirname(file);
  try {
    return addon.loadSavedModel(directory, SAVED_MODEL_TAG);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Writes a model into a folder of its own. @returns The path of the file. */
async function writeTemporary(model: Uint8Array): Promise<string> {
  let directory: string | undefined;
  try {
    directory = await mkdtemp(path.join(tmpdir(), 'fovea-graph-'));
    const file = path.join(directory, 'saved_model.pb');
    await writeFile(file, model);
    return file;
  } catch (cause) {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    throw toDiskFull(cause, 'The operations of a training step', tmpdir());
  }
}
