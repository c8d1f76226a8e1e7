// What is used of the package compression, which has no types of its own.

declare module 'compression' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface CompressionOptions {
    /** Bytes below which an answer is sent as it is. */
    readonly threshold: number;
    /** Whether an answer may be compressed at all; asked when its headers are known. */
    readonly filter: (request: IncomingMessage, response: ServerResponse) => boolean;
  }
  type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

  /** Compresses answers as their clients take them: br, gzip or deflate. */
  function compression(options: CompressionOptions): Middleware;
  namespace compression {
    function filter(request: IncomingMessage, response: ServerResponse): boolean;
  }
  export = compression;
}
