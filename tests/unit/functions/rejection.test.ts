import { beforeAll, describe, expect, it } from 'vitest';
import { type Color, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = createTestApp();
  await commitColorModel(test.store);
  await commitColorModel(test.store, {
    version: '2',
    jobId: 'ftjob-2',
    // Plain red has a logit 6.9 above the others: at temperature 2, a score of 0.94 instead of 0.998.
    calibration: { temperature: 2, rejectionThreshold: 0.99 },
  });
});

const predict = async (query: string, color: Color = 'red') =>
  readAnswer(
    await test.app.request(`/v1/models/color/predict?${query}`, {
      method: 'POST',
      body: await colorPicture(color),
    }),
  );

describe('a calibrated model', () => {
  it('scales its scores by its temperature, and predicts the same label', async () => {
    const { body: plain } = await predict('version=1');
    const { body } = await predict('version=2');
    expect(body.label).toBe(plain.label);
    const odds = ({ predictions: [first, second] }: typeof body) => Math.log(first.score / second.score);
    expect(odds(body)).toBeCloseTo(odds(plain) / 2, 3);
    expect(
      body.predictions.reduce((sum: number, { score }: { score: number }) => sum + score, 0),
    ).toBeCloseTo(1);
  });

  it('says that a score is below its threshold, and keeps the label by default', async () => {
    expect((await predict('version=2')).body).toMatchObject({
      label: 'red',
      rejected: true,
      threshold: 0.99,
    });
    expect((await predict('version=2&reject=true')).body).toMatchObject({
      label: null,
      rejected: true,
      predictions: [{ label: 'red' }, {}, {}],
    });
    expect((await predict('version=1&reject=true')).body).toMatchObject({
      label: 'red',
      rejected: false,
      threshold: null,
    });
  });

  it('applies its temperature to heatmaps too', async () => {
    const { body } = await predict('version=2&heatmap=top&heatmap_scale=1');
    expect(body.heatmap.values[0][0]).toBeCloseTo(body.score, 4);
  });

  it('rejects any value but true and false', async () => {
    expect(await predict('reject=yes')).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid', param: 'reject' } },
    });
  });
});
