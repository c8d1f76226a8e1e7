// Finds the container image in which this process runs on AWS. Knows nothing of jobs.

import { z } from 'zod';

/** Enough, because the container agent answers from the same machine. */
const TIMEOUT_MS = 2000;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html */
const MetadataSchema = z.object({ Image: z.string(), ImageID: z.string() });

/**
 * The name of the image with its digest, e.g. `123.dkr.ecr.eu-west-1.amazonaws.com/fovea@sha256:…`. Undefined where it cannot be
 * found out, which is no reason not to train.
 * @param metadataUri the value of `ECS_CONTAINER_METADATA_URI_V4`, which AWS Batch sets.
 */
export async function findContainerImage(metadataUri: string | undefined): Promise<string | undefined> {
  if (metadataUri === undefined) return undefined;
  try {
    const response = await fetch(metadataUri, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { Image, ImageID } = MetadataSchema.parse(await response.json());
    return Image.includes('@') ? Image : `${Image} ${ImageID}`;
  } catch {
    return undefined;
  }
}
