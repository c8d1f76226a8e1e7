// The last lines of a trainer's log, from a CloudWatch of somebody else's (moto).

import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, describe, expect, it } from 'vitest';
import { createLastLines } from '../../core/job/queues/batch/last-lines.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';

const GROUP = 'trainers';
const moto = await startMoto();
if (moto.endpoint === undefined) console.warn(`Logs of trainers are not read: ${moto.reason}.`);

describe.skipIf(moto.endpoint === undefined)('the last lines of a log', () => {
  const client = new CloudWatchLogsClient({
    ...(moto.endpoint === undefined ? {} : { endpoint: moto.endpoint }),
    region: 'us-east-1',
    credentials: MOTO_CREDENTIALS,
  });
  afterAll(async () => {
    client.destroy();
    if (moto.endpoint !== undefined) await moto.stop();
  });
  let streams = 0;

  async function write(lines: readonly string[]): Promise<string> {
    if (streams === 0) await client.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
    streams += 1;
    const logStreamName = `cpu/default/${streams}`;
    await client.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName }));
    const startMs = Date.now() - lines.length;
    const logEvents = lines.map((message, index) => ({ message, timestamp: startMs + index }));
    if (logEvents.length > 0)
      await client.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName, logEvents }));
    return logStreamName;
  }
  const read = async (lines: readonly string[]) => createLastLines(GROUP, client)(await write(lines));

  it('are the last ten, oldest first, and no longer than a few hundred characters', async () => {
    const lines = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`);
    expect(await read(lines)).toEqual(lines.slice(15));
    const [long = ''] = await read(['x'.repeat(10_000)]);
    expect(long.length).toBeLessThan(310);
    expect(await read([])).toEqual([]);
  });

  it('have neither secrets nor colors', async () => {
    const key = `fovea_phone_${'k'.repeat(43)}`;
    const [text = ''] = await read([
      `\u001b[31mfailed\u001b[0m AKIAIOSFODNN7EXAMPLE ${key} hf_${'a'.repeat(30)} Authorization: Bearer abcdefghijkl ` +
        'https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0123abcd {"password":"hunter22"}',
    ]);
    expect(text).toMatch(/^failed /);
    for (const secret of ['AKIA', key, 'hf_a', 'abcdefghijkl', '0123abcd', 'hunter22', '\u001b'])
      expect(text).not.toContain(secret);
  });

  it('are not there where the stream is not', async () => {
    await expect(createLastLines(GROUP, client)('nowhere')).rejects.toThrow();
  });
});
