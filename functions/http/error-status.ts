// Says for every error code which HTTP status it has, and whether the same request may be sent again. This is the one place
// where codes and HTTP meet; a new code does not compile until it has an answer here.

import type { ErrorCode } from '../../core/errors/error-codes.ts';

/** The HTTP statuses that failures have. */
export type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 410
  | 413
  | 415
  | 416
  | 417
  | 422
  | 429
  | 431
  | 500
  | 503
  | 507;

/** The HTTP status of an error code, and whether the same request may be sent again. */
export interface ErrorAnswer {
  readonly status: ErrorStatus;
  /**
   * `no`: the request has to change, or the object that it names. `after-repair`: the operator of the installation has to mend
   * something. A number: the same request may succeed after so many seconds.
   */
  readonly retry: 'no' | 'after-repair' | number;
}

/** The client has to change something. */
const refused = (status: ErrorStatus): ErrorAnswer => ({ status, retry: 'no' });
/** The operator has to mend something. */
const broken = (status: ErrorStatus = 500): ErrorAnswer => ({ status, retry: 'after-repair' });
/** The cause is temporary. */
const later = (seconds: number): ErrorAnswer => ({ status: 503, retry: seconds });

/** The answer for every error code. */
export const ERROR_ANSWERS = {
  'request-invalid': refused(400),
  'json-invalid': refused(400),
  'multipart-invalid': refused(400),
  'base64-invalid': refused(400),
  'body-missing': refused(400),
  'body-unreadable': { status: 400, retry: 1 },
  'body-too-large': refused(413),
  'body-timeout': { status: 408, retry: 1 },
  'server-busy': later(2),
  'deadline-passed': later(1),
  'server-stopping': later(1),
  'http-invalid': refused(400),
  'headers-too-large': refused(431),
  'request-timeout': { status: 408, retry: 1 },
  'expectation-unsupported': refused(417),
  'content-encoding-unsupported': refused(415),
  'content-encoding-invalid': refused(400),
  'content-type-unsupported': refused(415),
  'route-not-found': refused(404),
  'metrics-elsewhere': refused(404),
  'method-not-allowed': refused(405),

  'api-key-missing': refused(401),
  'caller-unknown': refused(401),
  'api-key-invalid': refused(401),
  'api-key-expired': refused(401),
  'api-key-exists': refused(409),
  'api-key-not-found': refused(404),
  'api-keys-unused': refused(409),
  'key-limited': refused(403),
  'rate-limited': { status: 429, retry: 1 },
  'quota-exceeded': refused(429),
  'scope-missing': refused(403),
  'host-not-allowed': refused(403),
  'origin-not-allowed': refused(403),

  'dataset-name-invalid': refused(400),
  'archive-invalid': refused(400),
  'file-overwritten': refused(400),
  'archive-entry-refused': refused(400),
  'archive-too-large': refused(413),
  'file-not-found': refused(404),
  'file-invalid': refused(400),
  'file-too-large': refused(413),
  'file-in-use': refused(409),
  'upload-closed': refused(409),
  'upload-parts-invalid': refused(400),
  'dataset-not-found': refused(404),
  'dataset-file-not-found': refused(404),
  'dataset-file-changed': refused(409),
  'dataset-inspecting': later(1),
  'dataset-in-use': refused(409),
  'dataset-exists': refused(409),
  'dataset-renaming': later(1),
  'thumbnail-unavailable': refused(404),
  'dataset-class-not-found': refused(404),
  'dataset-snapshot-not-found': refused(404),
  'dataset-empty': refused(409),
  'dataset-invalid': refused(409),
  'split-snapshot-not-found': refused(404),
  'model-name-invalid': refused(400),
  'model-version-invalid': refused(400),
  'model-not-found': refused(404),
  'model-version-not-found': refused(404),
  'model-file-not-found': refused(404),
  'model-exists': refused(409),
  'model-in-use': refused(409),
  'model-version-in-use': refused(409),
  'rollback-unavailable': refused(409),
  'alias-not-found': refused(404),
  'alias-reserved': refused(400),
  'alias-conflict': refused(409),
  'report-not-found': refused(404),
  'label-unknown': refused(400),
  'feedback-off': refused(403),
  'heatmap-unavailable': refused(409),
  'heatmap-too-large': refused(400),
  'explanation-unavailable': refused(409),

  'job-not-found': refused(404),
  'job-finished': refused(409),
  'job-not-paused': refused(409),
  'job-open': refused(409),
  'checkpoint-not-found': refused(404),
  'job-transition': refused(409),
  'idempotency-conflict': refused(409),
  'idempotency-gone': refused(410),
  'idempotency-secret-given': refused(409),
  'idempotency-in-progress': { status: 409, retry: 1 },
  'contact-sheet-missing': refused(404),
  'setting-without-effect': refused(400),
  'sweep-without-validation': refused(400),

  'webhook-not-found': refused(404),
  'webhook-delivery-not-found': refused(404),
  'webhook-url-refused': refused(403),
  'webhooks-off': refused(403),
  'webhook-disabled': refused(409),
  'webhooks-full': refused(409),

  'architecture-unknown': refused(400),
  'layer-unknown': refused(400),
  'input-too-small': refused(400),
  'input-too-large': refused(400),
  'channels-unsupported': refused(400),
  'classes-out-of-range': refused(400),
  'batch-size-out-of-range': refused(400),
  'images-out-of-range': refused(400),
  'gpu-unknown': refused(400),
  'price-invalid': refused(400),
  'range-not-satisfiable': refused(416),

  'image-empty': refused(400),
  'image-too-large': refused(413),
  'image-unsupported': refused(415),
  'image-corrupt': refused(422),
  'image-zero-size': refused(422),
  'image-too-many-pixels': refused(422),
  'image-too-many-frames': refused(422),
  'too-many-images': refused(400),
  'image-key-invalid': refused(400),
  'upload-not-found': refused(404),
  'image-url-refused': refused(403),
  'image-url-unreachable': { status: 422, retry: 5 },
  'picture-not-found': refused(404),
  'upload-refused': refused(400),
  'upload-link-invalid': refused(403),
  'upload-link-expired': refused(403),
  'uploads-too-large': refused(413),

  'storage-unavailable': later(5),
  'storage-conflict': later(1),
  'storage-read-truncated': later(1),
  'storage-full': broken(507),
  'storage-denied': broken(),
  'storage-read-only': broken(),
  'storage-bucket-missing': broken(),
  'storage-unsupported': broken(),
  'storage-unconditional': broken(),
  'storage-folder-missing': broken(),
  'storage-link-refused': refused(409),
  'storage-name-not-utf8': refused(409),
  'storage-url-invalid': broken(),
  'object-archived': refused(409),
  'key-invalid': refused(400),
  'key-too-long': refused(400),
  'key-conflict': refused(409),
  'object-too-large': refused(413),
  'precondition-failed': refused(409),
  'record-invalid': broken(),
  'format-newer': broken(),
  'copy-target-taken': refused(409),
  'backup-empty': refused(409),
  'backup-not-found': refused(404),
  'backup-unfinished': refused(409),
  'backup-damaged': broken(),
  'restore-unfinished': broken(),
  'record-missing': refused(404),
  'record-contended': later(1),

  'model-corrupt': broken(),
  'model-parity-failed': broken(),
  'model-needs-memory': broken(507),
  'model-commit-invalid': broken(),
  'model-version-exists': refused(409),
  'preprocessing-unsupported': broken(),
  'preprocessing-invalid': refused(400),
  'variant-unavailable': refused(409),
  'pictures-missing': refused(400),
  'labels-invalid': refused(400),
  'model-files-invalid': refused(400),
  'model-unsupported': refused(400),
  'model-setting-needed': refused(400),
  'weights-mismatch': refused(400),
  'weights-unreadable': refused(400),
  'weights-unavailable': refused(409),
  'weights-exists': refused(409),
  'weights-download-failed': later(60),

  'download-failed': later(60),
  'download-refused': refused(400),
  'download-changed': refused(409),
  'download-too-large': refused(413),

  'backbone-name-invalid': refused(400),
  'backbone-not-found': refused(404),
  'backbone-exists': refused(409),
  'backbone-corrupt': broken(),
  'backbone-unreadable': refused(400),
  'backbone-external-data': refused(400),
  'backbone-input-unsupported': refused(400),
  'backbone-batch-fixed': refused(400),
  'backbone-output-unsupported': refused(400),
  'backbone-ops-unsupported': refused(400),
  'backbone-too-large': refused(413),
  'backbone-frozen': refused(400),

  'queue-unavailable': later(5),
  'queue-busy': later(60),
  'queue-unknown': refused(409),
  'job-cancelled': refused(409),
  'job-paused': refused(409),
  'budget-spent': refused(409),
  'out-of-memory': broken(),
  'disk-full': broken(507),
  'training-diverged': refused(409),
  'dataset-changed': refused(409),
  'parity-failed': broken(),
  'trainer-crashed': broken(),
  'trainer-error': broken(),
  'trainer-misconfigured': broken(),
  'trainer-image': broken(),
  'trainer-not-started': broken(),
  'job-terminated': broken(),
  'no-capacity': later(600),
  'machine-lost': later(60),
  'job-timeout': broken(),
  'trainer-terminated': later(5),
  'lease-lost': refused(409),
  'batch-not-found': refused(404),
  'batch-input-invalid': refused(400),
  'batch-input-missing': refused(409),
  'batch-unfinished': refused(409),
  'batch-order-unavailable': refused(409),
  'batch-expired': refused(409),
  'batch-results-damaged': broken(),
  'checkpoint-corrupt': broken(),
  'checkpoint-unfit': broken(),
  'trainer-state-invalid': broken(),
  'loss-not-finite': refused(409),
  'backend-unavailable': refused(409),
  'executor-unavailable': refused(409),
  'batch-invalid': broken(),
  'weights-invalid': broken(),
  'network-invalid': broken(),
  'network-not-classifier': refused(409),
  'network-not-splittable': refused(409),
  'network-not-convertible': refused(409),
  'layer-not-exportable': refused(409),

  'internal-error': broken(),
  'program-incomplete': broken(),
  'environment-invalid': broken(),
  'api-keys-needed': broken(),
  'api-keys-invalid': broken(),
  'port-unavailable': broken(),
  'native-unsupported-platform': broken(),
  'native-no-pip': broken(),
  'native-no-compiler': broken(),
  'native-packages-failed': broken(),
  'native-download-failed': broken(),
  'native-hash-mismatch': broken(),
  'native-folder-unwritable': broken(),
  'native-disk-full': broken(507),
  'native-build-failed': broken(),
  'native-load-failed': broken(),
  'native-installer-failed': broken(),
  'native-setup-running': later(60),
} as const satisfies Readonly<Record<ErrorCode, ErrorAnswer>>;

/** The HTTP status of a code, and whether the same request may be sent again. */
export const answerTo = (code: ErrorCode): ErrorAnswer => ERROR_ANSWERS[code];
