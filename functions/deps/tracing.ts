// What the app knows of traces: a request has a span, and its phases have spans below it. Who records them, and where they go, it does not
// know; a function records none.

import type { ObjectStore } from '../../core/storage/object-store.ts';

/** Facts about a span, by the names of OpenTelemetry's conventions, or beginning with `fovea.`. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A part of the work on a request that is over. */
export interface Phase {
  /** E.g. `decode`. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly facts?: SpanFacts;
}

/** What is told of a request while its span lasts. */
export interface RequestSpan {
  /** In hexadecimal, for the log. */
  readonly traceId: string;
  /** What the answer's header `traceresponse` tells its client (W3C Trace Context, Level 2). */
  readonly traceResponse: string;
  note(phase: Phase): void;
  /** Names the span when the request was answered. @param failed whether it is a failure of the server. */
  answered(name: string, facts: SpanFacts, failed: boolean): void;
}

/** Records traces. */
export interface Tracing {
  /** Does the work on a request in a span, which is part of the trace that the request's `traceparent` names. */
  request<T>(headers: Headers, work: (span: RequestSpan) => Promise<T>): Promise<T>;
  /** The same store, whose calls have spans where they are part of a request. */
  traceStore(store: ObjectStore): ObjectStore;
  /** Sends what is not sent yet. */
  stop(): Promise<void>;
}
