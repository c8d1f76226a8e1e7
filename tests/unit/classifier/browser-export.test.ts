// A model that TensorFlow.js has saved, as Teachable Machine does: it answers as TensorFlow.js does with the same model.

import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesOfBytes } from '../../../core/classifier/classifier-files.ts';
import {
  BROWSER_LABELS,
  type BrowserExport,
  browserAnswers,
  browserExport,
} from '../../support/browser-export.ts';
import { importAndCompare } from '../../support/imported-answers.ts';
import { startTfjs } from '../../support/run-tfjs.ts';

const SIDE = 32;
const TOLERANCE = 1e-4;
/** How far apart the scores of one class are at least, so that the comparison tells something. */
const LEAST_SPREAD = 0.05;

describe('an export of a browser', () => {
  let exported: BrowserExport;
  beforeAll(async () => {
    await startTfjs();
    exported = await browserExport(SIDE);
  });

  it('answers as TensorFlow.js does', async () => {
    const answers = browserAnswers(exported.model, SIDE);
    const scores = answers.map(([score = 0]) => score);
    expect(Math.max(...scores) - Math.min(...scores)).toBeGreaterThan(LEAST_SPREAD);
    const files = filesOfBytes('my_model.zip', zipSync(Object.fromEntries(exported.files)));
    const { manifest, difference } = await importAndCompare(files, { side: SIDE, answers });
    expect(manifest.labels).toEqual(BROWSER_LABELS);
    expect(manifest.input).toMatchObject({ preprocessing: 'tf', resize: 'cover', height: SIDE, width: SIDE });
    expect(difference).toBeLessThan(TOLERANCE);
  });

  it('reads weights from the files that were given alone', async () => {
    const text = new TextDecoder().decode(exported.files.get('model.json'));
    const outside = new TextEncoder().encode(text.replace('weights.bin', '../../etc/passwd'));
    const files = { ...Object.fromEntries(exported.files), 'model.json': outside };
    await expect(
      importAndCompare(filesOfBytes('x.zip', zipSync(files)), { side: SIDE, answers: [] }),
    ).rejects.toMatchObject({ code: 'model-files-invalid' });
  });
});
