// Loads what records traces, where the operator wants traces.

import type { TracesExporter } from '../../core/environment.ts';
import type { Logger } from '../deps/logger.ts';
import type { Tracing } from '../deps/tracing.ts';

/** Begins to record; `undefined` where nothing is to be recorded, and nothing is loaded then. */
export async function openTracing(
  exporter: TracesExporter | undefined,
  { version, logger }: { readonly version: string; readonly logger: Logger },
): Promise<Tracing | undefined> {
  if (exporter === undefined) return undefined;
  const { createOpenTelemetry } = await import('./open-telemetry.ts');
  return createOpenTelemetry({ version, exporter, logger });
}
