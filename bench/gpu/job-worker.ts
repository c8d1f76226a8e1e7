// Runs one whole job in a process of its own, and prints its events and its result.
// Arguments: store URL, request.

import { createJobStore } from '../../core/job/record/job-store.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { type FineTuneRequest, fineTune } from '../transfer/fine-tune.ts';
import { report } from './report-line.ts';

const [storeUrl = '', request = '{}'] = process.argv.slice(2);
const store = await openObjectStore(storeUrl);
const jobs = createJobStore({ store, now: Date.now });
const startedMs = performance.now();
try {
  const { results, training, parity } = await fineTune(store, JSON.parse(request) as FineTuneRequest);
  report({
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    accuracy: results?.accuracy.value,
    pictures: results?.accuracy.trials,
    calibrationError: results?.calibration.after.calibrationError,
    epochs: training.history.length,
    parity: parity.maxDifference,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  });
} finally {
  const { jobs: all } = await jobs.list({ limit: 1 });
  for (const { id } of all) {
    const told = (await jobs.eventsSince(id)).filter(({ type }) => type !== 'metrics');
    for (const { createdAt, message } of told) console.log(`${createdAt}  ${message}`);
  }
}
process.exit(0);
