// Set-up in a process of its own, for tests that kill it. Arguments: the options as JSON.

import { setUpNative } from '../../batch-job/tensorflow/setup/setup.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Parameters<typeof setUpNative>[0];
await setUpNative({ ...options, onProgress: ({ step }) => console.log(step) });
