import { describe, expect, it } from 'vitest';
import { createAuditLog } from '../../../core/audit/audit-log.ts';
import { findIamCaller } from '../../../functions/http/admit-caller.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

const ARN = 'arn:aws:sts::123456789012:assumed-role/Labelers/ada';
/** As AWS tells it of a request whose signature it has checked. */
const SIGNED = {
  requestContext: {
    accountId: '123456789012',
    http: { method: 'GET', path: '/' },
    authorizer: { iam: { accessKey: 'AKIA', accountId: '123456789012', userArn: ARN, userId: 'AROA:ada' } },
  },
};

describe('an installation that takes signatures', () => {
  it('requires no key, and names the caller in the log and the audit log', async () => {
    const test = createTestApp({ findCaller: findIamCaller });
    await commitColorModel(test.store);
    const picture = await colorPicture('red');
    const predict = { method: 'POST', body: picture };
    expect((await test.app.request('/v1/models/color/predict', predict, SIGNED)).status).toBe(200);
    // Of another server's protocol, outside of /v1.
    expect((await test.app.request('/v2/models/color', {}, SIGNED)).status).toBe(200);
    expect((await test.app.request('/v1/models/color', { method: 'DELETE' }, SIGNED)).status).toBe(200);
    const lines = test.logLines
      .map((line) => JSON.parse(line))
      .filter(({ message }) => message === 'request');
    expect(lines.map(({ client }) => client)).toEqual([ARN, ARN, ARN]);
    const log = createAuditLog({ store: test.store, now: Date.now });
    const { entries } = await log.list({ limit: 10 });
    expect(entries.map(({ key, operation }) => [key, operation])).toContainEqual([ARN, 'deleteModel']);
  });

  it.each(['/v1/models', '/', '/v2/models/color', '/healthz'])(
    'refuses %s where nobody has checked who calls, whatever the request says',
    async (path) => {
      const { app } = createTestApp({ findCaller: findIamCaller });
      const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${ARN}`, 'x-amzn-iam-user-arn': ARN };
      for (const env of [undefined, {}, { requestContext: { authorizer: { iam: null } } }]) {
        const { status, body } = await readAnswer(await app.request(path, { headers }, env));
        expect(status).toBe(401);
        expect(JSON.stringify(body)).toContain('Nobody has checked');
      }
    },
  );

  it('makes no API keys, which would protect nothing', async () => {
    const { app } = createTestApp({ findCaller: findIamCaller });
    const { body } = await readAnswer(await app.request('/v1/keys', {}, SIGNED));
    expect(body.error.code).toBe('api-keys-unused');
  });
});
