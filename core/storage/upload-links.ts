// The port of upload links. The holder of a link may write one object, of one size and type, for a while, and nothing else. For
// pictures that are too large for a request to a function. Knows nothing of what is uploaded, or to which server.

/** How long a link is valid. */
export const UPLOAD_LINK_MS = 15 * 60 * 1000;

/** The one write that a link allows. */
export interface UploadGrant {
  /** A key of the object store. */
  readonly key: string;
  /** The exact size. */
  readonly sizeBytes: number;
  readonly contentType: string;
  /** Whether an object with this key may be replaced; otherwise a link works once. */
  readonly mayReplace: boolean;
}

/** The request that uploads the bytes. Its holder sends it unchanged, with the bytes as the body. */
export interface UploadLink {
  readonly method: 'PUT';
  /** An absolute URL, or a path on the server that gave it. */
  readonly url: string;
  /** Headers, without which the request is refused. */
  readonly headers: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** Makes upload links. */
export interface UploadLinks {
  /** Origin of the server to which links lead (`https://host`), where it is another than the one that gives them. */
  readonly origin?: () => Promise<string>;
  create(grant: UploadGrant): Promise<UploadLink>;
  /**
   * Reads the token at the end of a link's path. Only drivers whose links lead to the server itself have it.
   * @throws {FoveaError} `upload-link-invalid` for a token that this driver has not made; `upload-link-expired`.
   */
  readonly open?: (token: string) => UploadGrant;
}

/** The headers of the request that a grant allows. */
export const headersOf = ({ contentType, mayReplace }: UploadGrant): Record<string, string> => ({
  'content-type': contentType,
  ...(mayReplace ? {} : { 'if-none-match': '*' }),
});
