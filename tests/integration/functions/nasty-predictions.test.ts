// Broken, odd and hostile picture files, sent to predict over a real socket: each gets a prediction or says what it is.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

const FOLDER = path.join(SHARED_DATA, 'nasty');

describe.skipIf(!hasSharedData('nasty'))('nasty pictures', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const test = createTestApp();
    await commitColorModel(test.store);
    server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.stop());

  const predict = async (bytes: Uint8Array<ArrayBuffer>) =>
    readAnswer(await fetch(`${server.url}/v1/models/color/predict`, { method: 'POST', body: bytes }));

  it('answer 200 or a 4xx with a reason, and the server keeps working', async () => {
    const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const counts = new Map<string, number>();
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(path.join(file.parentPath, file.name)));
      const { status, body } = await predict(bytes);
      const outcome = status === 200 ? '200' : `${status} ${body.error.code}`;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (status === 200) expect(body.score, file.name).toBeGreaterThan(0);
      else {
        expect(status, file.name).toBeGreaterThanOrEqual(400);
        expect(status, file.name).toBeLessThan(500);
        expect(body.error.message.length, file.name).toBeGreaterThan(40);
      }
    }
    console.info(
      `${files.length} files: ${[...counts].map(([outcome, count]) => `${count} × ${outcome}`).join(', ')}`,
    );
    expect(counts.get('200')).toBeGreaterThan(files.length / 2);
    expect((await predict(await colorPicture('blue'))).body.label).toBe('blue');
  });
});
