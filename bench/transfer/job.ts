// Runs one fine-tuning job in a process of its own, so that its time and peak memory are its own:
//   job.ts STORE_URL REQUEST_JSON
// Its last line is the result, as JSON.

import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { type FineTuneRequest, fineTune } from './fine-tune.ts';

/** The result of a job: metrics, time and memory. */
export interface JobOutcome {
  readonly accuracy: number;
  /** Calibration error of the scores that are served. */
  readonly calibrationError: number;
  readonly pictures: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

const [storeUrl = '', request = '{}'] = process.argv.slice(2);
const startedMs = performance.now();
const { results, training } = await fineTune(
  await openObjectStore(storeUrl),
  JSON.parse(request) as FineTuneRequest,
);
if (results === null) throw new Error('The dataset has no test pictures.');
const outcome: JobOutcome = {
  accuracy: results.accuracy.value,
  calibrationError: results.calibration.after.calibrationError,
  pictures: results.accuracy.trials,
  epochs: training.history.length,
  seconds: (performance.now() - startedMs) / 1000,
  peakBytes: process.resourceUsage().maxRSS * 1024,
};
console.log(JSON.stringify(outcome));
process.exit(0);
