// Error codes of starting Fovea and of setting up native back ends, for people at a terminal.

import type { ErrorCodeTable } from './error-code-table.ts';

/** Codes of starting and setting up, with what each means and what to do. */
export const SET_UP_CODES = {
  'internal-error':
    'Something failed that should not have. Send the request again; if it fails again, report it with the line of the log that has this `request_id`.',
  'program-incomplete':
    'A file of the program itself is missing or does not load; no data is damaged. Install Fovea again, for this platform, and restart it.',
  'environment-invalid': 'Environment variables are missing or wrong. Set what the message names.',
  'api-keys-needed':
    'A server that other machines reach has no API keys. Give it some with `--api-keys`, or listen on 127.0.0.1.',
  'api-keys-invalid':
    'The API keys cannot be used. Give a JSON object from names to keys of 16 characters or more.',
  'port-unavailable': 'The port cannot be opened. Choose another with `--port`; 0 takes any free one.',

  'native-unsupported-platform':
    'There is no TensorFlow for this platform. Nothing is to be done: jobs run on the portable back end.',
  'native-no-pip': 'Python with pip is missing. Install it and run the same command again.',
  'native-no-compiler': 'A C++ compiler is missing. Install one and run the same command again.',
  'native-packages-failed':
    'npm could not install the sources. Check the registry and run the same command again.',
  'native-download-failed':
    'pip could not download TensorFlow. Check its index and run the same command again.',
  'native-hash-mismatch':
    'The downloaded file is not the pinned one and was not used. See which index pip uses (`pip config list`), correct it, and run the same command again.',
  'native-folder-unwritable':
    'The folder of TensorFlow cannot be written. Name another with XDG_CACHE_HOME, and run the same command again.',
  'native-disk-full':
    'There is not enough space. Free some, or name another folder, and run the same command again.',
  'native-build-failed':
    'The addon did not compile. Correct what the compiler reports and run the same command again.',
  'native-load-failed':
    'The addon was built and does not run. Mend what the message names and run the same command again; until then jobs run on the portable back end.',
  'native-installer-failed':
    'The second way of setting up failed, too. Mend what its output reports and run the same command again; until then jobs run on the portable back end.',
  'native-setup-running': 'Another process is setting up the same folder. Wait for it, or stop it.',
} as const satisfies ErrorCodeTable;
