import { stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runPlan } from '../../../cli/commands/plan.ts';
import { openSession } from '../../../cli/context/session.ts';
import { pushFiles } from '../../../cli/dataset/push-files.ts';
import { exitCodeOf, StepError } from '../../../cli/terminal/exit-codes.ts';
import { ApiError, ConnectionError, UnexpectedAnswerError } from '../../../client/api-error.ts';
import { createClient } from '../../../client/create-client.ts';
import { FoveaError } from '../../../core/errors/errors.ts';

const failed = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

it.each([
  ['a server that is away', new ConnectionError('http://127.0.0.1:9', new Error('refused')), 3],
  ['another program', new UnexpectedAnswerError('GET /v1', 'it is "page"'), 3],
  ['the page of a proxy', new ApiError(404, null, 'a page', { isForeign: true }), 3],
  ['a proxy that wants a login', new ApiError(401, null, 'a page', { isForeign: true }), 4],
  ['an object that is not in the storage', new ApiError(404, null, 'The storage answered 404'), 5],
  ['a step that was refused', new StepError('x', { cause: new ApiError(403, 'forbidden', 'no') }), 4],
  ['a step that failed', new StepError('x', { cause: new Error('EIO') }), 1],
  ['a network that does not exist', new FoveaError('architecture-unknown', 'There is none.'), 2],
  ['weights that do not fit', new FoveaError('weights-mismatch', 'They do not fit.'), 1],
])('says what failed: %s', (_, error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

it('is that of wrong arguments for a network and a URL that are none', async () => {
  expect(exitCodeOf(await failed(runPlan('nope', {})))).toBe(2);
  const error = await failed(openSession({ url: 'foo' }));
  expect(exitCodeOf(error)).toBe(2);
  expect(String(error)).toContain('"foo" is no URL of a server. It begins with http:// or https://');
});

it('is that of no server for a push whose server goes away', async () => {
  const client = createClient({ url: 'http://127.0.0.1:9' });
  const journal = { find: () => undefined, add: async () => undefined } as never;
  const { size: sizeBytes } = await stat(import.meta.filename);
  const file = { path: 'a/exit-codes.test.ts', source: 'exit-codes.test.ts', sizeBytes };
  const error = await failed(
    pushFiles({ client, dataset: 'd', journal, folder: import.meta.dirname }, [file]),
  );
  expect(String(error)).toMatch(/"exit-codes\.test\.ts" was not stored: No server answers.*Push again/);
  expect(exitCodeOf(error)).toBe(3);
}, 20_000);
