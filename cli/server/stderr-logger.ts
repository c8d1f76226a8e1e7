// The server's log lines on standard error, so that standard output stays for people.

import { createJsonLogger, type Logger } from '../../functions/deps/logger.ts';

export const createStderrLogger = (): Logger =>
  createJsonLogger({ write: (line) => process.stderr.write(line), now: Date.now });
