import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode, isErrorCode } from '../../../core/errors/error-codes.ts';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { answerTo, ERROR_ANSWERS, type ErrorAnswer } from '../../../functions/http/error-status.ts';
import { createTestApp } from '../../support/test-app.ts';

const codes = Object.keys(ERROR_CODES).filter(isErrorCode);

/** An app whose storage fails with this code. */
function failingApp(code: (typeof codes)[number]) {
  const fail = () => {
    throw new FoveaError(code, `It ended with ${code}. Do something about it.`, { param: 'somewhere' });
  };
  return createTestApp({
    store: { ...createMemoryStore(), get: fail, head: fail, list: fail, listFolders: fail },
  });
}

describe('an error of every code', () => {
  it('has one heading and a text that says what to do', () => {
    expect(codes.length).toBeGreaterThan(140);
    const list = readFileSync('ERRORS.md', 'utf8');
    for (const code of codes) {
      expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(list.split(`| \`${code}\` |`), code).toHaveLength(2);
      expect(ERROR_CODES[code], code).toMatch(/^\S.*\.$/);
    }
  });

  it('arrives with its status, its message and whether to try again', async () => {
    for (const code of codes) {
      const { status, body, headers } = await failingApp(code).send('GET', '/v1/models');
      const answer = answerTo(code);
      expect({ status, body }).toEqual({
        status: answer.status,
        body: {
          error: {
            message: `It ended with ${code}. Do something about it.`,
            type: answer.status < 500 ? 'invalid_request_error' : 'server_error',
            param: 'somewhere',
            code,
          },
        },
      });
      const seconds = typeof answer.retry === 'number' ? String(answer.retry) : null;
      expect(headers.get('retry-after')).toBe(seconds);
      expect(headers.get('x-should-retry')).toBe(String(seconds !== null));
    }
  });

  it('does not compile without an answer, and no error without a code of the list', () => {
    const { 'job-not-found': _, ...others } = ERROR_ANSWERS;
    // @ts-expect-error A code is missing.
    const answers: Readonly<Record<ErrorCode, ErrorAnswer>> = others;
    expect(Object.keys(answers)).toHaveLength(codes.length - 1);
    // @ts-expect-error There is no such code.
    expect(new FoveaError('no-such-code', 'Nothing.').code).toBe('no-such-code');
    expect(isErrorCode('no-such-code')).toBe(false);
  });

  it('is raised somewhere', () => {
    const sources = ['core', 'functions', 'batch-job', 'cli']
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
      )
      .filter((file) => file.endsWith('.ts') && !/-codes\.ts$|error-status/.test(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });

  it.each([
    ['queue-unavailable', 503, '5'],
    ['storage-unavailable', 503, '5'],
    ['storage-full', 507, null],
    ['storage-denied', 500, null],
    ['storage-link-refused', 409, null],
  ] as const)('%s is not hidden as an internal error', async (code, expected, retryAfter) => {
    const { status, body, headers } = await failingApp(code).send('GET', '/v1/models');
    expect([status, body.error.code, headers.get('retry-after')]).toEqual([expected, code, retryAfter]);
  });
});

describe('the list of error codes', () => {
  const { app } = createTestApp();

  it('in the repository is the one that is served', async () => {
    const response = await app.request('/docs/errors.md');
    expect(response.headers.get('content-type')).toContain('text/markdown');
    // To write it anew: npx vitest run tests/unit/functions/error-list.test.ts --update
    await expect(await response.text()).toMatchFileSnapshot('../../../ERRORS.md');
  });

  it('as a page has an anchor for each code', async () => {
    const response = await app.request('/docs/errors');
    const page = await response.text();
    for (const code of codes) expect(page).toContain(`<tr id="${code}">`);
    expect(page).toContain('<code>Retry-After</code>');
    expect(page).toContain('{&quot;error&quot;');
  });
});
