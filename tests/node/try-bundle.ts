// Bundles the API's function with the Node that runs this, and has the bundle answer as Lambda would ask it.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { environment } from '../../core/environment.ts';
import { bundleFunction } from '../../scripts/build-function/bundle-function.ts';
import { FLEET_VARIABLE } from '../support/fleet.ts';
import { REPOSITORY } from './run-with.ts';

/** Inside of the repository, whose node_modules has the packages that stay outside of the bundle. */
const folder = path.join(REPOSITORY, 'dist', `try-bundle-${process.pid}`);

/** What Lambda's runtime gives to functions that stream their answers. */
Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: (handler: unknown) => handler,
    HttpResponseStream: {
      from: (stream: Answer, { statusCode }: { readonly statusCode: number }) => {
        stream.status = statusCode;
        return stream;
      },
    },
  },
});
Object.assign(process.env, {
  [environment.storeUrl]: 'memory:',
  [environment.trainerFleet]: FLEET_VARIABLE,
  [environment.apiKeysSecret]: 'unused',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
  AWS_REGION: 'us-east-1',
});

class Answer extends Writable {
  status = 0;
  body = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.body += chunk.toString();
    done();
  }
}

type Handler = (event: object, answer: Answer, context: object) => Promise<void>;

async function ask(handler: Handler, rawPath: string): Promise<Answer> {
  const answer = new Answer();
  const http = {
    method: 'GET',
    path: rawPath,
    protocol: 'HTTP/1.1',
    sourceIp: '127.0.0.1',
    userAgent: 'test',
  };
  const event = {
    version: '2.0',
    rawPath,
    rawQueryString: '',
    headers: { host: 'localhost' },
    requestContext: { domainName: 'localhost', http },
    isBase64Encoded: false,
  };
  await handler(event, answer, {});
  return answer;
}

try {
  await bundleFunction({ repository: REPOSITORY, entry: 'functions/lambda.ts', folder });
  const { handler } = (await import(pathToFileURL(path.join(folder, 'app/main.mjs')).href)) as {
    handler: Handler;
  };
  const health = await ask(handler, '/healthz');
  assert.equal(health.status, 200, health.body);
  const document = await ask(handler, '/openapi.json');
  assert.equal(document.status, 200, document.body);
  const paths = Object.keys(JSON.parse(document.body).paths).length;
  console.log(`bundled; describes ${paths} paths`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
