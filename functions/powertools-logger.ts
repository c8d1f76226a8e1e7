// The project's logger on AWS: Powertools, which adds the request's trace and the function's names.

import type { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import type { Logger } from './deps/logger.ts';

/** A {@link Logger} that writes through Powertools. */
export function toLogger(powertools: PowertoolsLogger): Logger {
  return {
    info: (message, fields = {}) => powertools.info(message, { ...fields }),
    warn: (message, fields = {}) => powertools.warn(message, { ...fields }),
    error: (message, fields = {}) => powertools.error(message, { ...fields }),
  };
}
