// Serves static files that are named one by one: a request can choose among them, and reach nothing else on the disk.

import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import type { AppEnv } from '../deps/deps.ts';

/** A static file and its media type. */
export interface AssetFile {
  /** The file's place; asked for at the first request, so that an app without its pages still starts. */
  readonly locate: () => URL;
  readonly contentType: string;
}

/** The `Content-Type` of HTML pages. */
export const HTML = 'text/html; charset=utf-8';
/** The `Content-Type` of style sheets. */
export const CSS = 'text/css; charset=utf-8';
/** The `Content-Type` of scripts. */
export const JAVASCRIPT = 'text/javascript; charset=utf-8';
/** The `Content-Type` of Markdown pages. */
export const MARKDOWN = 'text/markdown; charset=utf-8';

/**
 * A handler that answers with a file, read once, under a content security policy.
 * @throws Node's error where the file cannot be read.
 */
export function serveAsset(
  { locate, contentType }: AssetFile,
  contentSecurityPolicy: string | (() => Promise<string>),
) {
  let body: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return async (c: Context<AppEnv>): Promise<Response> => {
    body ??= readFile(locate());
    const policy =
      typeof contentSecurityPolicy === 'string' ? contentSecurityPolicy : await contentSecurityPolicy();
    return c.body(await body, 200, assetHeaders(contentType, policy));
  };
}

/** The headers of a page, or of what a page loads. */
export const assetHeaders = (contentType: string, contentSecurityPolicy: string) => ({
  'Content-Type': contentType,
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Asked again each time: an upgrade must not meet yesterday's script.
  'Cache-Control': 'no-cache',
});
