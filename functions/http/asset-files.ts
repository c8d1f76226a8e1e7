// Serves static files that are named one by one: a request can choose among them, and reach nothing else on the disk.

import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import type { HtmlEscapedString } from 'hono/utils/html';
import { contentHashOf } from '../../core/content-hash.ts';
import { toProgramIncomplete } from '../../core/errors/program-file-missing.ts';
import { type StoredFile, toBothForms } from '../../core/stored-file.ts';
import type { AppEnv } from '../deps/deps.ts';
import { entityTag, names } from './answer-file.ts';

/** A static file and its media type. */
export interface AssetFile {
  /** Reads it; called at the first request, so that an app without its pages still starts. */
  readonly read: () => Promise<StoredFile>;
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
 * A handler that answers with a file, read once, under a content security policy; compressed where the client takes that.
 * @throws {FoveaError} `program-incomplete` where the file is missing; Node's error where it cannot be read.
 */
export function serveAsset(
  { read, contentType }: AssetFile,
  contentSecurityPolicy: string | (() => Promise<string>),
) {
  let file: Promise<Asset> | undefined;
  return async (c: Context<AppEnv>): Promise<Response> => {
    file ??= read().then(toAsset);
    const asset = await file.catch((error: unknown) => {
      // A file that is put back is found by the next request.
      file = undefined;
      throw toProgramIncomplete(error) ?? error;
    });
    const policy =
      typeof contentSecurityPolicy === 'string' ? contentSecurityPolicy : await contentSecurityPolicy();
    return answerAsset(c, asset, assetHeaders(contentType, policy));
  };
}

/**
 * A handler that answers with a page that is rendered once for each variant; only the last variant is kept. It answers as {@link serveAsset}.
 * @param variantOf what the page depends on.
 */
export function serveRendered(
  variantOf: (c: Context<AppEnv>) => string,
  render: (variant: string) => HtmlEscapedString | Promise<HtmlEscapedString>,
  contentSecurityPolicy: string,
) {
  let kept: { readonly variant: string; readonly asset: Promise<Asset> } | undefined;
  return async (c: Context<AppEnv>): Promise<Response> => {
    const variant = variantOf(c);
    if (kept?.variant !== variant) kept = { variant, asset: renderAsset(() => render(variant)) };
    return answerAsset(c, await kept.asset, assetHeaders(HTML, contentSecurityPolicy));
  };
}

async function renderAsset(render: () => HtmlEscapedString | Promise<HtmlEscapedString>): Promise<Asset> {
  return toAsset(await toBothForms(new TextEncoder().encode(String(await render()))));
}

/** A file with its entity tag. */
interface Asset extends StoredFile {
  /** A weak one: it names what the file says, compressed or not. */
  readonly tag: string;
}

const toAsset = (file: StoredFile): Asset => ({ ...file, tag: `W/${entityTag(contentHashOf(file.plain))}` });

function answerAsset(
  c: Context<AppEnv>,
  { plain, gzip: compressed, tag }: Asset,
  fileHeaders: Record<string, string>,
): Response {
  const headers = { ...fileHeaders, Vary: 'Accept-Encoding', ETag: tag };
  if (names(c.req.header('If-None-Match'), tag)) return c.body(null, 304, headers);
  const encoding = accepts(c, {
    header: 'Accept-Encoding',
    supports: ['gzip', 'identity'],
    default: 'identity',
  });
  if (encoding !== 'gzip') return c.body(plain, 200, headers);
  return c.body(compressed, 200, { ...headers, 'Content-Encoding': encoding });
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
