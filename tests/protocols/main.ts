// The protocols of other servers, asked by clients that other people publish: of a server of this machine with API keys and a model
// whose answers a person can foretell, and of the function under AWS's own runtime.
//
//   npm run test:e2e -- [--only openai]

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { colorPicture, commitColorModel } from '../support/color-model.ts';
import { startFunction } from '../support/lambda/start-function.ts';
import { preparePython } from '../support/python-environment.ts';
import { startReceiver } from '../support/webhook-receiver.ts';
import { askByOpenAI } from './ask-openai.ts';
import { checkTypes } from './typed-answers.ts';

const PACKAGES = [
  'openai==3.57.0',
  'tritonclient[http]==2.73.0',
  'huggingface_hub==2.4.0',
  'azure-cognitiveservices-vision-customvision==3.1.1',
  'boto3==1.44.8',
  'inference-sdk==1.8.3',
  'prometheus-client==0.26.0',
  'standardwebhooks==1.1.0',
];
const PROTOCOLS = [
  'open-inference',
  'tensorflow-serving',
  'hugging-face',
  'custom-vision',
  'rekognition',
  'roboflow',
];
const OF_FUNCTION = [...PROTOCOLS, 'metrics-elsewhere'];
/** Each has an environment of its own, and what it needs beside the arguments of all. */
const ALONE = [
  { name: 'cvat', packages: ['cvat-sdk==2.80.0'], file: 'ask.py', first: ['cvat'], last: [] },
  {
    name: 'label-studio',
    packages: ['label-studio==1.23.2'],
    file: 'ask-label-studio.py',
    first: [],
    last: ['.'],
  },
] as const;
const HUGGING_FACE = '@huggingface/inference@4.13.30';
/** Of the function's output, where something is wrong. */
const OUTPUT_CHARACTERS = 4000;
const KEY = 'a-key-of-a-test-that-is-long-enough';

const WAIT_MS = 50;
const run = promisify(execFile);
const program = fileURLToPath(new URL('ask.py', import.meta.url));

/** Writes into a file what a receiver of a webhook is told, and the secret that verifies it. @returns the file. */
async function receiveWebhook(folder: string, url: string): Promise<string> {
  const receiver = await startReceiver();
  try {
    const post = async (path: string, body: object) =>
      (await (
        await fetch(`${url}/v1/webhooks${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json()) as { id: string; secret: string };
    const { id, secret } = await post('', { url: receiver.url, events: ['batch.completed'] });
    await post(`/${id}/test`, {});
    while (receiver.received.length === 0) await sleep(WAIT_MS);
    const file = path.join(folder, 'told.json');
    await writeFile(file, JSON.stringify({ secret, ...receiver.received[0] }));
    return file;
  } finally {
    await receiver.stop();
  }
}

/** Asks by Hugging Face's client for JavaScript, which is installed into the folder. */
async function askByJavaScript(folder: string, url: string, picture: string): Promise<string> {
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await run('npm', ['install', '--no-audit', '--no-fund', HUGGING_FACE], { cwd: folder });
  const text = `
    import { readFile } from 'node:fs/promises';
    import { InferenceClient } from '@huggingface/inference';
    const [url, key, picture] = process.argv.slice(2);
    const client = new InferenceClient(key).endpoint(url + '/models/color');
    const [best] = await client.imageClassification({ data: new Blob([await readFile(picture)]) });
    if (best.label !== 'red') throw new Error(best.label);
    console.log(best.label, best.score.toFixed(4));`;
  await writeFile(path.join(folder, 'ask.mjs'), text);
  return (await run(process.execPath, ['ask.mjs', url, KEY, picture], { cwd: folder })).stdout.trim();
}

/** Asks by OpenAI's client for Node, and holds all answers to its types. */
async function askByOpenAIForNode(): Promise<string> {
  const pixels = await readFile(picture);
  const { answers, summary } = await askByOpenAI({ url: server.url, key: KEY, picture: pixels });
  const kinds = await checkTypes(path.join(folder, 'types'), answers);
  return `${summary}; ${kinds} kinds of answers have the types of the client`;
}

const { only } = new Command('test:e2e')
  .option('--only <start>', 'clients whose names begin so')
  .parse()
  .opts<{ readonly only?: string }>();
const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-protocols-'));
const dataDir = path.join(folder, 'data');
const picture = path.join(folder, 'red.png');
await commitColorModel(createFilesystemStore({ root: dataDir }));
await writeFile(picture, await colorPicture('red', 'png', 64));
const server = await startLocalServer({
  dataDir,
  host: '127.0.0.1',
  port: 0,
  version: '0.0.0-test',
  logger: silentLogger,
  apiKeys: async () => ({ tester: KEY }),
  webhookReceivers: 'any',
});
let failed = 0;
const isAsked = (name: string) => name.startsWith(only ?? '');
async function check(name: string, ask: () => Promise<string>): Promise<void> {
  if (!isAsked(name)) return;
  try {
    console.log(`right: ${name}: ${await ask()}`);
  } catch (error) {
    failed += 1;
    console.log(`WRONG: ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
try {
  // First, since it counts what it has made.
  await check('openai for Node', askByOpenAIForNode);
  const tools = await preparePython('test-protocols', PACKAGES).catch((error: Error) => {
    console.log(`skipped: all clients for Python: ${error.message.split('\n')[0]}`);
  });
  /** Asks by the clients for Python. */
  const askByPython = async (url: string, protocols: readonly string[], where: string, file = picture) => {
    for (const protocol of tools === undefined ? [] : protocols)
      await check(`${protocol}, ${where}`, async () => {
        const args = [program, protocol, url, KEY, file];
        const { stdout } = await run(path.join(tools ?? '', 'python'), args, { cwd: folder });
        return stdout.trim();
      });
  };
  // The last one reads what the others left in the metrics.
  await askByPython(server.url, ['openai', ...PROTOCOLS, 'metrics'], 'server');
  if (isAsked('webhooks, server'))
    await askByPython(server.url, ['webhooks'], 'server', await receiveWebhook(folder, server.url));
  for (const { name, packages, file, first, last } of ALONE.filter(({ name }) => isAsked(name))) {
    const own = await preparePython(`test-${name}`, packages).catch((error: Error) => {
      console.log(`skipped: ${name}: ${error.message.split('\n')[0]}`);
    });
    if (own === undefined) continue;
    await check(name, async () => {
      const args = [path.join(path.dirname(program), file), ...first, server.url, KEY, picture, ...last];
      const { stdout } = await run(path.join(own, 'python'), args, { cwd: folder });
      return stdout.trim().split('\n').at(-1) ?? '';
    });
  }
  await check('hugging-face for JavaScript', () => askByJavaScript(folder, server.url, picture));
  const api = OF_FUNCTION.some((protocol) => isAsked(`${protocol}, function`))
    ? await startFunction({ tester: KEY })
    : undefined;
  if (api?.url === undefined) {
    if (api !== undefined) console.log(`skipped: the function: ${api.reason}`);
  } else
    try {
      await commitColorModel(api.store);
      await askByPython(api.url, OF_FUNCTION, 'function');
      if (failed > 0) console.log(api.output().slice(-OUTPUT_CHARACTERS));
    } finally {
      await api.stop();
    }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);
