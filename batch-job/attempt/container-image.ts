// Which container image this process runs in, where it runs in one of AWS's. Knows nothing of jobs.

import { z } from 'zod';

/** The agent answers from the machine itself. */
const TIMEOUT_MS = 2000;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html */
const MetadataSchema = z.object({ Image: z.string(), ImageID: z.string() });

/**
 * E.g. `123.dkr.ecr.eu-west-1.amazonaws.com/fovea@sha256:…`, with the digest behind it where the name has none; undefined
 * where it cannot be told, which is no reason not to train.
 *
 * @param metadataUri what AWS Batch puts into `ECS_CONTAINER_METADATA_URI_V4`.
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
