// The manifest and the certificates of a model version on the wire: the stored ones, in the wire's names.

import type { z } from 'zod';
import { CertificateSchema } from '../core/certificate/certificate.ts';
import { type Manifest, ManifestSchema } from '../core/model/manifest.ts';
import { ParitySchema } from '../core/model/parity.ts';
import { toWire, toWireSchema } from './to-wire.ts';

/** The answer of `GET /v1/models/<model>/files/manifest.json`. */
export const WireManifestSchema = toWireSchema(ManifestSchema).meta({
  id: 'Manifest',
  description: 'What a model version is made of, and how its input is prepared.',
});
/** A manifest as clients get it. */
export type WireManifest = z.infer<typeof WireManifestSchema>;

/** Makes the wire's manifest from the stored one. */
export const toWireManifest = (manifest: Manifest): WireManifest => toWire(ManifestSchema, manifest);

/** The answer of `GET /v1/models/<model>/files/parity.json`. */
export const WireParitySchema = toWireSchema(ParitySchema).meta({
  id: 'Parity',
  description:
    'How far the answers of the served model are from the trainer’s, and pictures with their right answers.',
});

/** The answer of `GET /v1/models/<model>/files/preprocessing.json`: the file as it is, whose names are those of the wire. */
export const WireCertificateSchema = toWireSchema(CertificateSchema).meta({
  id: 'PreprocessingCertificate',
  description:
    'How a picture becomes the input of a model, and what its output means, with a picture and the right answer.',
});
