// Records traces by OpenTelemetry and sends them where its environment variables say. Only servers load it, and only where they are set.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiagLogLevel,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  NodeTracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import type { TracesExporter } from '../../core/environment.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { Logger } from '../deps/logger.ts';
import type { Tracing } from '../deps/tracing.ts';

const NAME = 'fovea';
const STOP_MS = 3000;
const SHOWN_CHARACTERS = 200;
/** OpenTelemetry's code of an export that was done. */
const SENT = 0;

/** What is said of this server, and where spans go. */
export interface OpenTelemetryOptions {
  readonly version: string;
  readonly exporter: TracesExporter;
  readonly logger: Logger;
}

/** Begins to record. OpenTelemetry itself reads its variables: endpoint, headers, sampler, resource, sizes of batches. */
export function createOpenTelemetry({ version, exporter, logger }: OpenTelemetryOptions): Tracing {
  const ignore = () => undefined;
  // A receiver that is gone is told once, and once more when it is back.
  let fails = false;
  const warn = (reason: unknown) => {
    if (!fails) logger.warn('traces are not sent', { reason: toShortText(reason) });
    fails = true;
  };
  const onSent = () => {
    if (fails) logger.info('traces are sent again', {});
    fails = false;
  };
  diag.setLogger(
    { error: warn, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    DiagLogLevel.ERROR,
  );
  const own = resourceFromAttributes({ 'service.name': NAME, 'service.version': version });
  const provider = new NodeTracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor(
        noting(exporter === 'otlp' ? new OTLPTraceExporter() : new ConsoleSpanExporter(), onSent),
      ),
    ],
  });
  // Also makes spans follow promises, and `traceparent` the form in which they cross servers.
  provider.register();
  const tracer = trace.getTracer(NAME, version);

  return {
    request(headers, work) {
      const parent = propagation.extract(ROOT_CONTEXT, headers, {
        get: (carrier, name) => carrier.get(name) ?? undefined,
        keys: (carrier) => [...carrier.keys()],
      });
      return tracer.startActiveSpan('request', { kind: SpanKind.SERVER }, parent, async (span) => {
        const inSpan = trace.setSpan(parent, span);
        const { traceId, spanId, traceFlags } = span.spanContext();
        try {
          return await work({
            traceId,
            traceResponse: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
            note: ({ name, startMs, endMs, facts }) =>
              tracer
                .startSpan(name, { startTime: startMs, ...(facts && { attributes: facts }) }, inSpan)
                .end(endMs),
            answered(name, facts, failed) {
              span.updateName(name);
              span.setAttributes(facts);
              if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
            },
          });
        } finally {
          span.end();
        }
      });
    },
    traceStore: (store) => traceStore(store, tracer),
    async stop() {
      // A server does not wait for a receiver that is gone.
      await Promise.race([provider.shutdown().catch(warn), sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}

/** An exporter that says when it has sent something. */
const noting = (exporter: SpanExporter, onSent: () => void): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      if (result.code === SENT) onSent();
      done(result);
    }),
  shutdown: () => exporter.shutdown(),
  forceFlush: async () => exporter.forceFlush?.(),
});

/** OpenTelemetry reports an error as JSON with a stack: its message, or the first line of another text. */
function toShortText(reason: unknown): string {
  let message: unknown = reason instanceof Error ? reason.message : reason;
  try {
    const parsed: unknown = JSON.parse(String(reason));
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = parsed.message;
  } catch {
    // It is no JSON.
  }
  return (String(message).split('\n', 1)[0] ?? '').slice(0, SHOWN_CHARACTERS);
}

/** Calls of a store with a span each. Of the key only its first part is told: others name datasets, pictures and keys. */
function traceStore(store: ObjectStore, tracer: Tracer): ObjectStore {
  // Work of the server itself has no trace.
  const open = (name: string, key: string): Span | undefined =>
    trace.getActiveSpan() &&
    tracer.startSpan(`storage ${name}`, {
      kind: SpanKind.CLIENT,
      attributes: { 'fovea.storage.prefix': key.split('/', 1)[0] ?? '' },
    });
  async function traced<T>(name: string, key: string, call: () => Promise<T>): Promise<T> {
    const span = open(name, key);
    try {
      return await call();
    } catch (error) {
      span?.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span?.end();
    }
  }
  /** From the first item to the last that is read. */
  async function* listed<T>(name: string, prefix: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    const span = open(name, prefix);
    try {
      yield* items;
    } finally {
      span?.end();
    }
  }
  return {
    url: store.url,
    get: (key, options) => traced('get', key, () => store.get(key, options)),
    head: (key, options) => traced('head', key, () => store.head(key, options)),
    put: (key, body, options) => traced('put', key, () => store.put(key, body, options)),
    delete: (key, options) => traced('delete', key, () => store.delete(key, options)),
    erase: (key, options) => traced('erase', key, () => store.erase(key, options)),
    eraseAll: (prefix, options) => traced('erase_all', prefix, () => store.eraseAll(prefix, options)),
    list: (prefix, options) => listed('list', prefix, store.list(prefix, options)),
    listFolders: (prefix, options) => listed('list_folders', prefix, store.listFolders(prefix, options)),
  };
}
