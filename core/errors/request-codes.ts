// Error codes of requests that are refused for what they name, hold or ask for.

import type { ErrorCodeTable } from './error-code-table.ts';

/** Codes of refused requests, with what each means and what to do. */
export const REQUEST_CODES = {
  'request-invalid':
    'A field, parameter or header is missing, unknown or out of range. Correct what `param` and the message name.',
  'json-invalid': 'The body is not JSON. Send one JSON object in UTF-8.',
  'multipart-invalid':
    'The form cannot be read or has no file. Send each picture as a part with a file name.',
  'base64-invalid': 'The text is not the base64 of a picture. Encode the bytes of the file and nothing else.',
  'body-missing': 'The request has no body. Send the body that the route takes.',
  'body-unreadable': 'The body ended before it was complete. Send the request again.',
  'body-too-large':
    'The body is larger than the limit. Send less, in several requests, or by an upload link.',
  'body-timeout': 'The body stopped or came too slowly. Send the request again.',
  'server-busy':
    'The server has more to do than it can take on: too many predictions wait, or too many bytes. Send the request again after the time in `Retry-After`.',
  'server-stopping':
    'The server is stopping. Send the request again after the time in `Retry-After`, to another server or after the restart.',
  'deadline-passed':
    'The time that the client waits, as its headers say, passed before the answer was made. Send the request again, or wait longer.',
  'http-invalid': 'The request is not valid HTTP. Send it with an HTTP client that is up to date.',
  'headers-too-large': 'The headers are larger than the server takes. Send fewer or shorter ones.',
  'request-timeout': 'The request did not arrive in time. Send it again.',
  'expectation-unsupported': 'The server does not support the header `Expect`. Remove it.',
  'content-encoding-unsupported':
    'The compression of the body is not supported. Send it uncompressed, or with gzip.',
  'content-encoding-invalid':
    'The body is not compressed as its Content-Encoding says. Remove the header, or compress the body.',
  'content-type-unsupported': 'The route does not take this Content-Type. Send one that the message names.',
  'route-not-found': 'There is nothing at this path. Use one that the message or the API description names.',
  'metrics-elsewhere':
    'This installation has no `/metrics`: the platform that runs it has its metrics. Look where the message says, on AWS in CloudWatch.',
  'method-not-allowed': 'The path does not take this method. Use one that the `Allow` header names.',

  'api-key-missing':
    'The request has no API key. Send `Authorization: Bearer <API key>`; the operator of the server makes keys by `fovea keys create`.',
  'caller-unknown':
    'The function takes the word of IAM for who calls, and the request came without it. Deploy the stack again, so that its URL requires signatures.',
  'api-key-expired': 'The API key has ended. Ask the operator of the server for another one.',
  'api-key-exists': 'An API key has this name. Choose another one, or rotate or revoke that key.',
  'api-key-not-found': 'The store has no API key of this name. List the keys to find it.',
  'api-keys-unused':
    'The server requires no API keys, so that those of its store would protect nothing. Start it with one key of its own, which then creates others.',
  'key-limited':
    'The API key is limited to some datasets or models, and the request asks for others or for all. Ask the operator of the server for a key that may.',
  'api-key-invalid':
    'The API key is not known: it was mistyped, revoked, or is of another server. Check that all of it is sent, or ask the operator of the server for one.',
  'quota-exceeded':
    'The API key has had as many pictures predicted as it may on one day. Wait for the next day, or ask the operator of the server for more.',
  'rate-limited':
    'The API key has sent as many requests as it may. Send the request again after the time in `Retry-After`.',
  'scope-missing':
    'The API key does not have the scope that the request needs. Ask the operator of the server for a key that has it.',
  'host-not-allowed':
    'The server does not answer to this Host. Use a name that the message gives, or have the operator add yours with `--allow-host`.',
  'origin-not-allowed':
    'A page of another site may not use the API. Send the request from outside a browser or from the page of the server, or have the operator allow the origin with `--allow-origin`.',

  'dataset-name-invalid':
    'This is not an allowed name of a dataset, class or file. Use a name within the rules of the message.',
  'archive-invalid':
    'The archive is neither a zip nor a .tar.gz file, or it is damaged. Pack it again; the files that were read before are stored.',
  'file-overwritten':
    'A later file of the request has the same path and took its place. Give each file a path of its own.',
  'archive-entry-refused':
    'This entry of the archive is a link or a device, damaged, or protected by a password. Pack the file itself.',
  'archive-too-large':
    'The archive has more entries or bytes than the limit, or unpacks to far more than its size. Send several archives of pictures alone.',
  'file-not-found': 'There is no such file, or it has expired. List the files to find its id.',
  'file-invalid': 'The file is not what its purpose needs. Send what the message names.',
  'file-too-large': 'The file is larger than its purpose allows. Send several smaller ones.',
  'file-in-use':
    'Something that is not over reads the file, or it is a part of another one. Do what the message says first.',
  'upload-closed': 'The upload in parts is completed, cancelled or expired. Begin another one.',
  'upload-parts-invalid':
    'The parts of the upload are not the file that was announced. Send what the message names.',
  'dataset-not-found': 'There is no such dataset. Copy or upload it, or name one that the message gives.',
  'dataset-inspecting':
    'The inspection of the dataset takes longer than one request may. What it found out is kept: send the request again.',
  'dataset-in-use':
    'A job or a batch that is not over uses the dataset. Wait for its end or cancel it; `details` names it.',
  'dataset-exists': 'The name is taken by another dataset. Choose another name, or delete that dataset.',
  'dataset-renaming':
    'Renaming the dataset takes longer than one request may. What was done stays done: send the request again.',
  'dataset-file-not-found': 'There is no such file in the dataset. Name a path that `GET …/files` lists.',
  'dataset-file-changed':
    'The file has not the content that the request expects: somebody has replaced it. It is left as it is. Look at it again before you repeat the request.',
  'thumbnail-unavailable':
    'The file is no picture that can be shown; the message says why. Download the file itself by `GET …/files/content`, or replace it.',
  'dataset-class-not-found':
    'The dataset has no such class, or it was renamed already. Name a class that the dataset lists.',
  'dataset-snapshot-not-found': 'No job saw the dataset so. Name a snapshot that the dataset lists.',
  'dataset-empty': 'The dataset has no pictures. Copy or upload them, with one folder for each class.',
  'split-snapshot-not-found':
    'The split of the dataset has no such snapshot. Omit `split_snapshot`, or use the number and the `split` of a report.',
  'dataset-invalid':
    'Training on the dataset is not possible. Resolve the findings of severity `error`, which `GET /v1/datasets/{dataset}` lists, and start another job.',
  'model-name-invalid': 'This is not an allowed name of a model. Use a name within the rules of the message.',
  'model-version-invalid': 'This is not a version. Give a version number or an alias such as `latest`.',
  'model-not-found':
    'There is no such model. Name one that the message gives, or wait for the job that makes it.',
  'model-version-not-found': 'The model has no such version or alias. Name one that the message gives.',
  'idempotency-in-progress':
    'A request with this Idempotency-Key is at work. Send the same request again in a moment.',
  'model-exists': 'The name is taken by another model. Choose another name, or delete that model.',
  'model-in-use': 'Something works on the model. Wait for what the message names, or end it.',
  'model-version-in-use':
    'The version is live, the canary, or named by an alias. Move what the message names first.',
  'rollback-unavailable': 'No version was live before. Promote the version that you want.',
  'alias-not-found': 'The model has no such alias. Name one that the message gives.',
  'alias-reserved': 'This alias is moved by the server. Do what the message says instead.',
  'alias-conflict': 'The alias does not stand for what the request expects. Read it again and decide anew.',
  'model-file-not-found': 'The version has no such file. Name one that the message gives.',
  'report-not-found': 'The version has no report. Train the model again to get one.',
  'label-unknown':
    'The model has no such class. Name one of its labels; for a heatmap also its number, or `top`.',
  'feedback-off':
    'The installation keeps no pictures from feedback. Ask its operator to allow it (`--feedback`, `fovea:feedback`).',
  'heatmap-unavailable': 'The version has no heatmaps. Use another version, or omit `heatmap`.',
  'explanation-unavailable':
    'The version has no usable index of its training pictures. Train the model again to get one, or omit `explain`.',
  'heatmap-too-large': 'The heatmap would be too large. Ask for a smaller scale.',

  'job-not-found': 'There is no such job. List the jobs to find its id.',
  'job-finished':
    'The job or the batch is over and cannot be changed. Start another one; a model that it made stays.',
  'job-not-paused':
    'The job is not paused, so there is nothing to resume. Wait for its end, or start another one if it is over.',
  'job-open': 'The job is not over. Wait for its end, or cancel it first.',
  'checkpoint-not-found': 'The job has no such checkpoint. List its checkpoints.',
  'job-transition': 'The job cannot change from its state to that one. Read the job and decide again.',
  'idempotency-conflict':
    'The Idempotency-Key was used for another request. Use a new key for a new request.',
  'idempotency-gone':
    'The request was done before, and what it made is not there any more. It is not done again. Use a new key to have it made anew.',
  'idempotency-secret-given':
    'The request was done before, and its secret was in that answer alone. The details name what was made: rotate its secret, or delete it.',
  'contact-sheet-missing':
    'The job has no contact sheet. One is drawn when training begins: ask again then. A job that failed before has none.',
  'setting-without-effect': 'The setting has no effect together with the others. Remove it, or change those.',
  'sweep-without-validation':
    'A sweep chooses by the validation split, and there is none. Set `split.validation` above 0.',

  'webhook-not-found': 'There is no such webhook. List the webhooks to find its id.',
  'webhook-delivery-not-found': 'The webhook has no such delivery. List its deliveries to find its id.',
  'webhook-url-refused':
    'Nothing is sent to this address: it is not https on the public internet. Name one that is, or ask the operator to allow others (`--webhook-receivers any`, `fovea:webhookReceivers`).',
  'webhooks-off':
    'The installation tells no webhooks. Ask its operator to allow it (`fovea:webhookReceivers`).',
  'webhook-disabled':
    'The webhook is disabled. Mend its receiver, then set its `status` to `enabled`; `disabled_reason` says why.',
  'webhooks-full': 'There are as many webhooks as are allowed. Delete one that is not needed.',

  'architecture-unknown': 'There is no such network. Name one that the message gives.',
  'layer-unknown': 'The network has no such layer. Name one that the message gives.',
  'input-too-small': 'The network has no output for so small an input. Use a larger one.',
  'input-too-large': 'A plan cannot be made for so large an input. Use a smaller one.',
  'channels-unsupported':
    'The network does not take this number of channels. Use one that the message names.',
  'classes-out-of-range': 'The number of classes is out of range. Use one that the message allows.',
  'batch-size-out-of-range': 'The batch size is out of range. Use one that the message allows.',
  'images-out-of-range': 'The number of pictures is out of range. Use one that the message allows.',
  'gpu-unknown': 'There is no such GPU to plan for. Name one that the message gives.',
  'price-invalid': 'The price is not possible. Give 0 or more US$ an hour, together with a GPU.',
  'range-not-satisfiable': 'The range lies outside of the object. Ask for bytes within its size.',
} as const satisfies ErrorCodeTable;
