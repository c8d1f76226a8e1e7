// The command as people run it: a process, its output and its exit code, over a hub on this machine.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runImportBackbone } from '../../../cli/commands/import-backbone.ts';
import { moveWeightsOut } from '../../support/external-onnx.ts';
import { startFileServer } from '../../support/file-server.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';

const FOVEA = path.resolve(import.meta.dirname, '../../../bin/fovea.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'fovea-pull-'));
const server = await startFileServer();
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
const beside = moveWeightsOut(foreignModel({ output: 'scores' }), 'model.onnx_data');
server.files.set('/org/tiny/resolve/v1/onnx/model.onnx', beside.onnx);
server.files.set('/org/tiny/resolve/v1/onnx/model.onnx_data', beside.weights);
server.files.set(
  '/org/tiny/resolve/v1/preprocessor_config.json',
  Buffer.from(
    '{"size": {"height": 16, "width": 16}, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.2]}',
  ),
);

function fovea(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    HF_ENDPOINT: server.url,
    HF_TOKEN: '',
    XDG_CACHE_HOME: path.join(folder, 'cache'),
  };
  const child = spawn(process.execPath, [FOVEA, ...args], { cwd: folder, env });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...output })));
}

describe('fovea import-backbone of a hub', () => {
  it('rejects a name that no backbone can have before it downloads anything', async () => {
    const options = { data: path.join(folder, 'unnamed'), allowHttp: [server.host] };
    const importing = runImportBackbone(`${server.url}/%20.onnx`, options);
    await expect(importing).rejects.toMatchObject({ code: 'backbone-name-invalid' });
    expect(server.requests).toEqual([]);
  });

  it('pulls the model, the weights beside it and what the hub says of its input', async () => {
    const { status, stdout, stderr } = await fovea(
      'import-backbone',
      'org/tiny@v1',
      '--allow-http',
      server.host,
    );
    expect(stderr).toMatch(
      /Pulled: .*\/onnx\/model\.onnx, .*sha256 [0-9a-f]{64}\n(.*\n)*Pulled: .*model\.onnx_data/,
    );
    expect(stdout).toContain('Backbone "tiny"');
    expect(stdout).toContain('16×16×3, preprocessing mean 0.5, 0.4, 0.3, std 0.2, 0.2, 0.2 of RGB');
    expect(stdout).toContain('weights   from "model.onnx_data", now inside');
    expect(status).toBe(0);
    expect(existsSync(path.join(folder, '.fovea/backbones/tiny/backbone.json'))).toBe(true);
  });
});
