// What the API in a container says when it is ready: where it is, its key where it is new, and the next command to type.

/** The addresses of an installation as its users know them. */
export interface WelcomeOptions {
  readonly version: string;
  /** Address of the API. */
  readonly url: string;
  /** Bucket, e.g. `s3://fovea`. */
  readonly storeUrl: string;
  /** Address of the server of S3. */
  readonly s3Endpoint: string;
  /** The API key where this start made it; it is said once. */
  readonly newKey: string | undefined;
}

/** The lines of the message. */
export function welcome({ version, url, storeUrl, s3Endpoint, newKey }: WelcomeOptions): string {
  const { origin } = new URL(url);
  return `Fovea ${version} is running.

  Page      ${origin}/
  API       ${origin}/v1
  API docs  ${origin}/docs
  Bucket    ${storeUrl} at ${s3Endpoint}
  API key   ${newKey === undefined ? 'the one of the first start' : `${newKey}  (this log shows it once)`}

Next, in another terminal in this folder: take the keys, and copy a folder of pictures, with one subfolder for each class.

  eval "$(docker compose exec -T api access)"
  aws s3 sync ./flowers ${storeUrl}/datasets/flowers --endpoint-url ${s3Endpoint}
`;
}
