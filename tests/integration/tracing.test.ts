// Traces of a server, as a receiver of OTLP gets them.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tracesExporterOf } from '../../core/environment.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createJsonLogger, silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { createOpenTelemetry } from '../../functions/tracing/open-telemetry.ts';
import { colorPicture, commitColorModel } from '../support/color-model.ts';
import type { AnyJson } from '../support/test-app.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

let dataDir: string;
let receiver: Server;
const received: AnyJson[] = [];
const logLines: string[] = [];
let spans: AnyJson[];
let traceResponse: string;

const attribute = (span: AnyJson, name: string) =>
  Object.values(span.attributes.find(({ key }: AnyJson) => key === name)?.value ?? {})[0];

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-traces-'));
  await commitColorModel(createFilesystemStore({ root: dataDir }));
  receiver = createServer(async (request, response) => {
    const body = await text(request);
    received.push({ url: request.url, type: request.headers['content-type'], ...JSON.parse(body) });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
  const server = await startLocalServer({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0-test',
    traces: tracesExporterOf(process.env),
    logger: createJsonLogger({ write: (line) => logLines.push(line), now: Date.now }),
  });
  const predicted = await fetch(`${server.url}/v1/models/color/predict?top_k=1`, {
    method: 'POST',
    headers: { traceparent: `00-${TRACE}-${PARENT}-01` },
    body: await colorPicture('red'),
  });
  expect(predicted.status).toBe(200);
  traceResponse = predicted.headers.get('traceresponse') ?? '';
  await fetch(`${server.url}/v1/models`);
  await server.stop();
  spans = received.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }: AnyJson) => scopeSpans.flatMap((scope: AnyJson) => scope.spans)),
  );
});

afterAll(async () => {
  vi.unstubAllEnvs();
  receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('a traced request', () => {
  const request = () => spans.find(({ name }) => name === 'POST /v1/models/{model}/predict');

  it('continues the trace of its client, and says what it was', () => {
    expect(request()).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, kind: 2 });
    expect(traceResponse).toBe(`00-${TRACE}-${request().spanId}-01`);
    expect(attribute(request(), 'http.response.status_code')).toBe(200);
    expect(attribute(request(), 'fovea.model')).toBe('color');
    expect(attribute(request(), 'fovea.model_version')).toBe('1');
  });

  it('has its phases below it, one after the other', () => {
    const { spanId } = request();
    const phases = spans.filter(({ traceId, parentSpanId }) => traceId === TRACE && parentSpanId === spanId);
    const names = phases.map(({ name }) => name);
    for (const name of ['read', 'load', 'decode', 'preprocess', 'infer', 'storage get'])
      expect(names).toContain(name);
    const at = (name: string) => phases.find((phase) => phase.name === name);
    expect(BigInt(at('decode').endTimeUnixNano)).toBeLessThanOrEqual(BigInt(at('infer').startTimeUnixNano));
    expect(BigInt(at('infer').endTimeUnixNano)).toBeLessThanOrEqual(BigInt(request().endTimeUnixNano));
    expect(attribute(at('storage get'), 'fovea.storage.prefix')).toBe('models');
  });

  it('begins a trace of its own without one of its client', () => {
    const other = spans.find(({ name }) => name === 'GET /v1/models');
    expect(other.traceId).not.toBe(TRACE);
    expect(other.parentSpanId ?? '').toBe('');
  });

  it('comes as JSON, from the service, with the attributes that the operator gives', () => {
    expect(received[0]).toMatchObject({ url: '/v1/traces', type: 'application/json' });
    const resource = received[0].resourceSpans[0].resource;
    expect(attribute(resource, 'service.name')).toBe('fovea');
    expect(attribute(resource, 'deployment.environment.name')).toBe('test');
  });

  it('is named in the log', () => {
    const line = logLines.map((one) => JSON.parse(one)).find(({ operation }) => operation === 'predict');
    expect(line).toMatchObject({ trace_id: TRACE, model: 'color' });
  });

  it('tells nothing that the client has sent besides', () => {
    expect(JSON.stringify(received)).not.toMatch(/top_k|127\.0\.0\.1/);
  });
});

it('does not wait long for a receiver that is gone', async () => {
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  const tracing = createOpenTelemetry({ version: '0.0.0-test', exporter: 'otlp', logger: silentLogger });
  await tracing.request(new Headers(), async () => undefined);
  const startedMs = performance.now();
  await tracing.stop();
  expect(performance.now() - startedMs).toBeLessThan(8000);
});

it('says once that a receiver is gone, in a short text, and once that it is back', async () => {
  let status = 400;
  const failing = createServer(async (request, response) => {
    await text(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(failing.address() as AddressInfo).port}`);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  const lines: AnyJson[] = [];
  const logger = createJsonLogger({ write: (line) => lines.push(JSON.parse(line)), now: Date.now });
  // A process records by one at a time.
  for (const api of [trace, context, propagation, diag]) api.disable();
  const tracing = createOpenTelemetry({ version: '0.0.0-test', exporter: 'otlp', logger });
  const send = async () => {
    await tracing.request(new Headers(), async () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
  };
  for (const next of [400, 400, 200, 200]) {
    status = next;
    await send();
  }
  await tracing.stop();
  failing.close();
  expect(lines.map(({ message }) => message)).toEqual(['traces are not sent', 'traces are sent again']);
  expect(lines[0].reason).toMatch(/^[^{\n]{1,200}$/);
});

it.each([
  [{}, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' }, 'otlp'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }, undefined],
  [{ OTEL_TRACES_EXPORTER: 'console' }, 'console'],
] as const)('the variables %j ask for %s', (variables, exporter) => {
  expect(tracesExporterOf(variables)).toBe(exporter);
  expect(() => tracesExporterOf({ OTEL_TRACES_EXPORTER: 'zipkin' })).toThrow('"zipkin"');
});
