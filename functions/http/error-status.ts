// The HTTP status of every error code: the one place where the two meet. A code that is not here is our fault, 500.

const STATUS_BY_CODE: ReadonlyMap<string, ErrorStatus> = new Map<string, ErrorStatus>([
  ['request-invalid', 400],
  ['json-invalid', 400],
  ['multipart-invalid', 400],
  ['base64-invalid', 400],
  ['body-missing', 400],
  ['body-unreadable', 400],
  ['model-name-invalid', 400],
  ['model-version-invalid', 400],
  ['dataset-name-invalid', 400],
  ['key-invalid', 400],
  ['key-too-long', 400],
  ['key-conflict', 409],
  ['architecture-unknown', 400],
  ['input-too-small', 400],
  ['input-too-large', 400],
  ['channels-unsupported', 400],
  ['classes-out-of-range', 400],
  ['batch-size-out-of-range', 400],
  ['images-out-of-range', 400],
  ['gpu-unknown', 400],
  ['layer-unknown', 400],
  ['price-invalid', 400],
  ['labels-invalid', 400],
  ['weights-mismatch', 400],
  ['weights-unreadable', 400],
  ['label-unknown', 400],
  ['pictures-missing', 400],
  ['heatmap-too-large', 400],
  ['too-many-images', 400],
  ['image-key-invalid', 400],
  ['upload-refused', 400],

  ['api-key-missing', 401],
  ['api-key-invalid', 401],

  ['host-not-allowed', 403],
  ['origin-not-allowed', 403],
  ['upload-link-invalid', 403],
  ['upload-link-expired', 403],

  ['route-not-found', 404],
  ['job-not-found', 404],
  ['contact-sheet-missing', 404],
  ['model-not-found', 404],
  ['model-version-not-found', 404],
  ['model-file-not-found', 404],
  ['report-not-found', 404],
  ['dataset-not-found', 404],
  ['upload-not-found', 404],

  ['method-not-allowed', 405],

  ['job-finished', 409],
  ['job-transition', 409],
  ['idempotency-conflict', 409],
  ['precondition-failed', 409],
  ['dataset-empty', 409],
  ['weights-unavailable', 409],
  ['heatmap-unavailable', 409],

  ['body-too-large', 413],
  ['image-too-large', 413],
  ['uploads-too-large', 413],
  ['content-type-unsupported', 415],
  ['image-unsupported', 415],
  ['image-empty', 400],
  ['image-corrupt', 422],
  ['image-zero-size', 422],
  ['image-too-many-pixels', 422],
  ['image-too-many-frames', 422],

  // A stored object that cannot be used is the operator's trouble, not the client's: 5xx, with the message kept.
  ['model-corrupt', 500],
  ['model-format-newer', 500],
  ['model-parity-failed', 500],
  ['preprocessing-unsupported', 500],
  ['record-invalid', 500],
  ['record-contended', 503],
]);

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;

/** The status for a code, or `undefined` for one that clients are not meant to see. */
export const statusOf = (code: string): ErrorStatus | undefined => STATUS_BY_CODE.get(code);
