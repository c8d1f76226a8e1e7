// The port of upload links: whoever has one may write one object, of one size and type, for a while, and nothing else.
// For pictures that are too large for the way through a function. Knows nothing of what is uploaded, or to which server.

/** How long a link is good. */
export const UPLOAD_LINK_MS = 15 * 60 * 1000;

/** What a link allows. */
export interface UploadGrant {
  /** A key of the object store. */
  readonly key: string;
  /** Exactly so many, no more and no fewer. */
  readonly sizeBytes: number;
  readonly contentType: string;
  /** Whether an object that has the key may be replaced; otherwise a link works once. */
  readonly mayReplace: boolean;
}

/** A request that its holder has to make as it is, with the bytes as its body. */
export interface UploadLink {
  readonly method: 'PUT';
  /** Absolute; or a path, on the server that gave it. */
  readonly url: string;
  /** Without each of them the request is refused. */
  readonly headers: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

export interface UploadLinks {
  /** Of the server that links lead to (`https://host`), where that is another than the one that gives them. */
  readonly origin?: () => Promise<string>;
  create(grant: UploadGrant): Promise<UploadLink>;
  /**
   * Reads the end of a link's path. Only of drivers whose links lead to the server that gave them.
   * @throws {FoveaError} `upload-link-invalid` for what this driver has not made; `upload-link-expired`.
   */
  readonly open?: (token: string) => UploadGrant;
}

/** The headers that go with a grant. */
export const headersOf = ({ contentType, mayReplace }: UploadGrant): Record<string, string> => ({
  'content-type': contentType,
  ...(mayReplace ? {} : { 'if-none-match': '*' }),
});
