// Error codes of jobs: of submitting them to trainers, and of how they end. Most reach a client in the `error` of a job.

import type { ErrorCodeTable } from './error-code-table.ts';

/** Codes of jobs and trainers, with what each means and what to do. */
export const JOB_CODES = {
  'queue-unavailable':
    'The job could not be submitted to AWS Batch. Send the same request with the same Idempotency-Key again.',
  'queue-busy': 'Another process is submitting the job. Try again in a minute.',
  'queue-unknown': 'The deployment no longer has the queue of the job. Start the job again.',

  'job-cancelled': 'The job was cancelled and made no model. Start another one to train.',
  'job-paused': 'The job is paused. `POST …/resume` lets it go on from its last checkpoint.',
  'budget-spent':
    'The budget was spent before training began. Raise `max_cost_usd`, or train on fewer pictures.',
  'out-of-memory':
    'Memory ran out and no remedy is left. Use a larger machine, a smaller network or batch, or allow more remedies in `recipe.out_of_memory`.',
  'disk-full': 'The temporary folder of the trainer is full. Free space there, or set TMPDIR.',
  'training-diverged':
    'Training diverged: the loss is not finite. Lower `learning_rate_multiplier`, e.g. to 0.1.',
  'dataset-changed': 'Pictures were deleted while the job ran. Start the job again on the dataset as it is.',
  'parity-failed':
    'The exported model gives other answers than the trainer, so it was not published. Run the job again; report it if it fails again.',
  'trainer-crashed':
    'The trainer ended several times without finishing, often for want of memory. Read the output of the server, on AWS the log of the job; then use a smaller network, a smaller batch or a larger machine.',
  'trainer-error':
    'The trainer failed with an unexpected error. Start the job again; if it fails again, report it with the log of the trainer.',
  'trainer-misconfigured':
    'AWS Batch cannot start the trainer as it is deployed. Correct what the message names.',
  'trainer-image': 'The image of the trainer could not be loaded. Deploy again.',
  'trainer-not-started':
    'The trainer ended before it could read the record of the job, twice. Correct what the message names; the log of the trainer says more.',
  'job-terminated':
    'The Batch job was ended from outside: in the console, by a command, or by a change of the deployment. Start the job again.',
  'no-capacity':
    'AWS had no machine in time. Try again later, or deploy with more kinds of machines or zones.',
  'machine-lost':
    'AWS took the machine away too often. Start the job again, or deploy with `fovea:capacity=on-demand`.',
  'job-timeout': 'The job took longer than it may. Raise `fovea:jobHours`, or train for fewer epochs.',

  'batch-not-found': 'There is no such batch. List the batches to find its id.',
  'batch-input-invalid':
    'The place or the file does not name pictures that a batch may read. Correct what the message names.',
  'batch-input-missing': 'The list of pictures of a batch was deleted. Make the batch again.',
  'batch-unfinished': 'The batch is not over. Wait for its end, or cancel it.',
  'batch-order-unavailable':
    'The pictures of the batch cannot be ordered by uncertainty. The message says what kind of batch can be.',
  'batch-expired':
    'The batch was not done within its `completion_window`. Download what was answered, and make another for the rest.',
  'batch-results-damaged': 'Results of the batch were changed or deleted while it ran. Make the batch again.',

  'trainer-terminated':
    'The machine told the trainer to stop. Nothing is to be done: the next attempt resumes from the last checkpoint.',
  'lease-lost':
    'Another attempt has the lease of the job. Nothing is to be done: this one stops and changes nothing, and the other goes on.',
  'checkpoint-corrupt': 'A checkpoint is damaged. Nothing is to be done: the one before it is used.',
  'checkpoint-unfit':
    'A checkpoint belongs to other settings or pictures. Nothing is to be done: the one before it is used.',
  'trainer-state-invalid':
    'The saved state does not fit the training. Nothing is to be done: it starts from the weights instead.',
  'loss-not-finite': 'The loss of a batch is not finite. Lower the learning rate.',

  'backend-unavailable':
    'The back end of TensorFlow is not available here. Install what the message names, or ask for `auto`.',
  'executor-unavailable': 'The back end has no such executor here. Omit `executor`.',
  'batch-invalid': 'A batch does not fit the network. This is a fault of Fovea: report it.',
  'weights-invalid': 'A weight is missing or has another size. This is a fault of Fovea: report it.',
  'network-invalid': 'The description of a network is contradictory. This is a fault of Fovea: report it.',
  'network-not-classifier': 'The network cannot be trained as a classifier. Choose another architecture.',
  'network-not-splittable': 'The network cannot be split at that layer. Choose another `unfreeze_from`.',
  'network-not-convertible':
    'The network has no fully convolutional form, so that its models have no heatmap. Omit `heatmap`, or train another network.',
  'layer-not-exportable': 'TensorFlow.js has no equivalent of a layer. Serve the model as ONNX.',
} as const satisfies ErrorCodeTable;
