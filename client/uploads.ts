// Uploads: a link for one object, and the bytes along it.

import type { CreateUploadBody, WireUpload } from '../api/upload.ts';
import type { CallOptions, Transport, UploadLink } from './transport.ts';

/** The calls of uploads. */
export interface UploadCalls {
  /** Asks for a link that takes exactly so many bytes. */
  create(body: CreateUploadBody, options?: CallOptions): Promise<WireUpload>;
  /** Sends bytes along a link, without the key. */
  bring(link: UploadLink, body: Uint8Array | Blob, options?: CallOptions): Promise<void>;
  /** Both: uploads bytes. The `key` of the answer names them, for a day. */
  put(bytes: Uint8Array, body?: Omit<CreateUploadBody, 'bytes'>, options?: CallOptions): Promise<WireUpload>;
}

/** The calls of uploads by a transport. */
export function uploadCalls({ ask, bring }: Transport): UploadCalls {
  const create: UploadCalls['create'] = (body, options) =>
    ask('upload', 'POST', '/v1/uploads', { ...options, json: body, makes: true });
  return {
    create,
    bring,
    async put(bytes, body = {}, options = {}) {
      const upload = await create({ ...body, bytes: bytes.byteLength }, options);
      await bring(upload, bytes, options);
      return upload;
    },
  };
}
