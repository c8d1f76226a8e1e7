// The server of S3 that tests run against: the one that FOVEA_TEST_S3 names, else moto.

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3ClientOptions } from '../../core/storage/drivers/s3/s3-target.ts';
import { MOTO_CREDENTIALS, startMoto } from './start-moto.ts';

/** Address of a server of S3 that is running; its keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
const SERVER = process.env['FOVEA_TEST_S3'];
const REGION = 'us-east-1';

/** How to reach a server of S3, or why there is none. */
export type TestS3 =
  | {
      readonly options: S3ClientOptions & { readonly endpoint: string };
      /** The same for another process. */
      readonly environment: Readonly<Record<string, string>>;
      /** Makes a bucket, or keeps it. */
      createBucket(name: string): Promise<void>;
      stop(): Promise<void>;
    }
  | { readonly options: undefined; readonly reason: string };

/** Starts or finds the server; never throws. */
export async function startS3(): Promise<TestS3> {
  if (SERVER !== undefined)
    return { ...reach({ endpoint: SERVER, region: REGION }), stop: async () => undefined };
  const moto = await startMoto();
  if (moto.endpoint === undefined) return { options: undefined, reason: moto.reason };
  return {
    ...reach({ endpoint: moto.endpoint, region: REGION, credentials: MOTO_CREDENTIALS }),
    stop: moto.stop,
  };
}

const reach = (options: S3ClientOptions & { readonly endpoint: string }) => ({
  options,
  environment: {
    AWS_ENDPOINT_URL_S3: options.endpoint,
    AWS_REGION: REGION,
    ...(options.credentials === undefined
      ? {}
      : {
          AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
        }),
  },
  async createBucket(name: string) {
    const client = new S3Client({ ...options, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: name })).catch((error: Error) => {
      if (!/^BucketAlready/.test(error.name)) throw error;
    });
    client.destroy();
  },
});
