// Turns what people name, a URL or org/name of a hub, into addresses of files. Opens nothing.

import { FoveaError } from '../../core/errors/errors.ts';

/** The hub where no other is set. Its layout of addresses, `<hub>/<org>/<name>/resolve/<revision>/<file>`, is that of other hubs, too. */
export const DEFAULT_HUB = 'https://huggingface.co';
const DEFAULT_REVISION = 'main';
const URL_TEXT = /^https?:\/\//i;
const REPOSITORY = /^([A-Za-z0-9][\w.-]{0,95}\/([A-Za-z0-9][\w.-]{0,95}))(?:@([\w./-]{1,200}))?$/;

/** A file on a server. */
export interface SourceAddress {
  readonly url: URL;
  /** For people, and as a name for what is made of it: the repository's, or the file's without its extension. */
  readonly name: string;
  /** Another file of the same repository; undefined where the source is a URL, of which nothing else is known. */
  readonly other?: (file: string) => URL;
}

/** Whether a text is a URL. */
export const isUrl = (text: string): boolean => URL_TEXT.test(text);

/** Whether a text may be a URL or a repository of a hub, and not only a path. */
export const isSource = (text: string): boolean => isUrl(text) || REPOSITORY.test(text);

/**
 * The address of a file.
 *
 * @param text A URL, or `org/name` or `org/name@revision` of a hub.
 * @param file Path inside the repository; a URL has none.
 * @param hub Address of the hub.
 * @throws {FoveaError} `download-refused` where the text is neither.
 */
export function toAddress(text: string, file: string, hub: string = DEFAULT_HUB): SourceAddress {
  if (isUrl(text) && URL.canParse(text)) {
    const url = new URL(text);
    url.hash = '';
    return { url, name: fileNameOf(url).replace(/\.[^.]*$/, '') };
  }
  const [, repository, name, revision = DEFAULT_REVISION] = REPOSITORY.exec(text) ?? [];
  if (repository === undefined || name === undefined || !URL.canParse(hub)) {
    throw new FoveaError(
      'download-refused',
      `${JSON.stringify(text)} is no file that is here, no URL (https://…) and no repository of a hub (org/name, org/name@revision), or ` +
        `${JSON.stringify(hub)} is no URL of a hub.`,
      { param: 'source', details: { received: text } },
    );
  }
  const other = (path: string) =>
    new URL(
      `${hub.replace(/\/+$/, '')}/${repository}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`,
    );
  return { url: other(file), name, other };
}

/**
 * The name of a URL's file, which may be empty.
 * @throws {FoveaError} `download-refused` where it is no text.
 */
export function fileNameOf({ pathname }: URL): string {
  const last = pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch (cause) {
    throw new FoveaError(
      'download-refused',
      `The address ends in ${JSON.stringify(last)}, which stands for no text: each "%" must begin the two digits of a byte of UTF-8. ` +
        'Copy the address again; for a "%" itself write %25.',
      { param: 'source', details: { received: last }, cause },
    );
  }
}

function encodePath(file: string): string {
  const names = file.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    throw new FoveaError('download-refused', `${JSON.stringify(file)} is no path inside a repository.`, {
      param: 'file',
      details: { received: file },
    });
  return names.map(encodeURIComponent).join('/');
}

/**
 * The address of a file that a model names beside itself.
 * @throws {FoveaError} `backbone-external-data` where it is not in the folder of the model, or below.
 */
export function besideOf(url: URL, location: string): URL {
  const names = location.split('/');
  if (/[\\\0:]/.test(location) || names.some((name) => name === '' || name === '.' || name === '..')) {
    throw new FoveaError(
      'backbone-external-data',
      `The model has weights in the file ${JSON.stringify(location.slice(0, 80))}, which is no path within the folder of the model.`,
      { param: 'file', details: { location } },
    );
  }
  const beside = new URL(names.map(encodeURIComponent).join('/'), url);
  beside.search = url.search;
  return beside;
}
