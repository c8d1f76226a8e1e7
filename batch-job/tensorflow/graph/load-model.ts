// Loads a SavedModel that is in memory.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Addon } from '../addon/addon.ts';
import { SAVED_MODEL_TAG } from './graph-schema.ts';

/**
 * Loads a model through a temporary folder, because the addon reads no other. The caller deletes it.
 *
 * @returns The model's id.
 * @throws {Error} TensorFlow's, where it cannot place an op on a device.
 */
export async function loadModel(addon: Addon, model: Uint8Array): Promise<number> {
  const directory = await mkdtemp(path.join(tmpdir(), 'fovea-graph-'));
  try {
    await writeFile(path.join(directory, 'saved_model.pb'), model);
    return addon.loadSavedModel(directory, SAVED_MODEL_TAG);
  } finally {
    await rm(directory, { recursive: true });
  }
}
