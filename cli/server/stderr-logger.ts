// Writes the server's log lines to standard error, so that standard output stays for people.

import { createJsonLogger, type Logger } from '../../functions/deps/logger.ts';

/** A logger that writes one JSON object a line to standard error. */
export const createStderrLogger = (): Logger =>
  createJsonLogger({ write: (line) => process.stderr.write(line), now: Date.now });
