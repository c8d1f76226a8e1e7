// What a request says its body is.

import { FoveaError } from '../../core/errors.ts';

/** The media type in lower case, without parameters; empty where the header is missing. */
export function mediaTypeOf(request: Request): string {
  const header = request.headers.get('content-type') ?? '';
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}

export const isJson = (mediaType: string): boolean => /^application\/([a-z.-]+\+)?json$/.test(mediaType);

/** `content-type-unsupported`, naming what came and what is taken. */
export function unsupportedContentType(mediaType: string, allowed: readonly string[]): FoveaError {
  const received =
    mediaType === '' ? 'The request has no Content-Type' : `The Content-Type "${mediaType.slice(0, 80)}"`;
  const verb = mediaType === '' ? ', which is needed here' : ' is not taken here';
  return new FoveaError('content-type-unsupported', `${received}${verb}: send ${allowed.join(', ')}.`, {
    param: 'Content-Type',
    details: { received: mediaType, allowed },
  });
}
