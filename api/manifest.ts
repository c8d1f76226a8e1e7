// What a model version says of itself on the wire: the stored manifest and the parity certificate, in the wire's names.

import type { z } from 'zod';
import { type Manifest, ManifestSchema } from '../core/model/manifest.ts';
import { ParitySchema } from '../core/model/parity.ts';
import { toWire, toWireSchema } from './to-wire.ts';

export const WireManifestSchema = toWireSchema(ManifestSchema).meta({
  id: 'Manifest',
  description: 'What a version is, and how it is called.',
});
export type WireManifest = z.infer<typeof WireManifestSchema>;

export const toWireManifest = (manifest: Manifest): WireManifest => toWire(ManifestSchema, manifest);

export const WireParitySchema = toWireSchema(ParitySchema).meta({
  id: 'Parity',
  description: 'How far the served model is from the trainer, and pictures with their right answers.',
});
