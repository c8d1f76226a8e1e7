// Error codes of pictures and of their uploads.

import type { ErrorCodeTable } from './error-code-table.ts';

/** Codes of pictures and uploads, with what each means and what to do. */
export const PICTURE_CODES = {
  'image-empty': 'The picture has no bytes. Send the bytes of a picture file.',
  'image-too-large': 'The file is larger than the limit. Send a smaller or more compressed picture.',
  'image-unsupported': 'This is not a picture of a supported format. Convert it to a usual JPEG or PNG.',
  'image-corrupt': 'The picture is damaged or incomplete. Export it again from its source.',
  'image-zero-size': 'A side of the picture has no pixels. Export it again from its source.',
  'image-too-many-pixels': 'The picture has more pixels than the limit. Scale it down.',
  'image-too-many-frames': 'The picture has more frames than the limit. Send the first frame alone.',
  'too-many-images': 'The request has more pictures than the limit. Send several requests.',
  'image-key-invalid':
    'This is not the key of an upload, nor the address of a picture in the own bucket. Send the `key` that `POST /v1/uploads` gave, or what the message names.',
  'upload-not-found':
    'There is no such upload: it was not sent yet, or it is older than a day. Ask for a new link.',
  'image-url-refused':
    'The server does not fetch this address: the operator has not allowed it to fetch any, or the address is not https on the public internet. Send the bytes of the picture, or upload it.',
  'image-url-unreachable':
    'Nothing came from the address, or not in time. Check it, or send the bytes of the picture.',
  'picture-not-found': 'There is no object with the key of the picture. Put it there, or correct the key.',
  'upload-refused': 'The bytes do not fit their link. Send what `POST /v1/uploads` was asked for.',
  'upload-link-invalid': 'This is not an upload link of this server. Ask for a new one.',
  'upload-link-expired': 'The upload link has expired. Ask for a new one.',
  'uploads-too-large': 'Together, the uploads are too large for one request. Send several requests.',
} as const satisfies ErrorCodeTable;
