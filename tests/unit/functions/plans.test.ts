import { beforeAll, describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../../core/network/architectures/architectures.ts';
import { GPUS } from '../../../core/pricing/gpus.ts';
import { createTestApp } from '../../support/test-app.ts';

const { app, send } = createTestApp();
const post = (body: unknown, headers: Record<string, string> = {}, query = '') =>
  app.request(`/v1/plans${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('POST /v1/plans', () => {
  it('plans by defaults', async () => {
    const { status, body } = await send('POST', '/v1/plans', { model: 'three_conv_cnn', classes: 10 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'plan',
      input_size: { height: 200, width: 300, channels: 3 },
      prediction: { activation_bytes: 9_000_000, peak_layer: 'conv2' },
      training: { batch_size: 32 },
    });
    expect(body.layers[1]).toMatchObject({
      name: 'conv1',
      output_shape: [100, 150, 100],
      parameters: 2800,
      output_bytes: 6_000_000,
    });
    expect(body.gpus).toHaveLength(GPUS.length);
    expect(body.training.accounting).toContain('every picture of the mini-batch');
  });

  it("has the course's numbers for its three convolutions", async () => {
    const { body } = await send('POST', '/v1/plans', {
      model: 'three_conv_cnn',
      until: 'conv3',
      batch_size: 50,
    });
    expect(body).toMatchObject({
      until: 'conv3',
      parameters: { total: 903_400 },
      prediction: { bytes: 12_613_600 },
      training: { bytes: 565_613_600 },
    });
  });

  it('answers for one GPU, a size and an epoch', async () => {
    const { body } = await send('POST', '/v1/plans', {
      model: 'resnet50',
      input_size: { height: 128 },
      batch_size: 64,
      images: 10_000,
      gpu: 't4',
    });
    expect(body.input_size).toEqual({ height: 128, width: 224, channels: 3 });
    expect(body.gpus).toEqual([
      expect.objectContaining({ gpu: 'T4', fits: true, instance_type: 'g4dn.xlarge' }),
    ]);
    expect(body.gpus[0].epoch).toMatchObject({ images: 10_000 });
    expect(body.gpus[0].basis.figures).toContain('8.1 TFLOP/s in float32');
    expect(body.gpus[0].basis.job).toBeNull();
  });

  it('says what a job takes on the GPU', async () => {
    const { body } = await send('POST', '/v1/plans', { model: 'resnet50', images: 10_000, gpu: 'T4' });
    expect(body.gpus[0].basis.job).toMatch(/A job trains "head" .*, "full" .* in mixed precision/);
  });

  describe('draws', () => {
    let svg = '';
    beforeAll(async () => {
      svg = await (await post({ model: 'resnet50' }, { accept: 'image/svg+xml' })).text();
    });

    it('a picture that marks the peak and has a bar for each layer', () => {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toMatch(/peak [\d.]+ MB at \w+/);
      // Outputs and parameters of 177 layers, and the background.
      expect(svg.match(/<rect /g)).toHaveLength(2 * 177 + 1);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    });

    it('for ?format=svg too, which wins over Accept', async () => {
      const response = await post({ model: 'resnet50' }, { accept: 'application/json' }, '?format=svg');
      expect(response.headers.get('content-type')).toBe('image/svg+xml');
      expect(await response.text()).toBe(svg);
      const json = await post({ model: 'resnet50' }, { accept: 'image/svg+xml' }, '?format=json');
      expect(json.headers.get('content-type')).toContain('application/json');
    });
  });

  it.each([
    [{ classes: 0 }, 'request-invalid', 'classes', /received 0/],
    [{ batch_size: 0 }, 'request-invalid', 'batch_size', /received 0/],
    [{ input_size: { height: 31 } }, 'input-too-small', 'input_size.height', /31.*at least 32/],
    [{ input_size: { depth: 3 } }, 'request-invalid', 'input_size', /depth/],
    [{ gpu: 'K80' }, 'gpu-unknown', 'gpu', /"K80".*T4/],
    [{ usd_per_hour: 1 }, 'price-invalid', 'usd_per_hour', /name the GPU/],
    [{ model: 'resnet51' }, 'architecture-unknown', 'model', /resnet50/],
    [{ until: 'conv9' }, 'layer-unknown', 'until', /"conv9".*"predictions"/],
    [{ colour: 'red' }, 'request-invalid', undefined, /colour/],
  ])('rejects %j', async (change, code, param, message) => {
    const { status, body } = await send('POST', '/v1/plans', { model: 'resnet50', ...change });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code, ...(param === undefined ? {} : { param }) });
    expect(body.error.message).toMatch(message);
  });
});

describe('GET /v1/architectures', () => {
  it('lists the zoo with its sources', async () => {
    const { status, body } = await send('GET', '/v1/architectures');
    expect(status).toBe(200);
    const byId = new Map(body.data.map((entry: { id: string }) => [entry.id, entry]));
    expect(byId.size).toBe(ARCHITECTURES.length);
    expect(byId.get('alexnet')).toMatchObject({ parameters: 62_378_344, pretrained: [] });
    expect(byId.get('vgg16')).toMatchObject({
      title: 'VGG16',
      parameters: 138_357_544,
      input_size: { height: 224, width: 224, channels: 3 },
      pretrained: [{ includes_top: true, license: 'CC-BY-4.0' }],
    });
  });
});
