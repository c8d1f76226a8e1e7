// Leaves out of errors the names of models and datasets that a limited API key may not see, as lists do; also the one that something has now.

import type { Context } from 'hono';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { isLimited, maySee } from './require-names.ts';

/** The errors that suggest other names, and where in their details these are. */
const SUGGESTING = {
  'model-not-found': { kind: 'model', list: 'models' },
  'dataset-not-found': { kind: 'dataset', list: 'datasets' },
} as const;

const isSuggesting = (code: string): code is keyof typeof SUGGESTING => Object.hasOwn(SUGGESTING, code);

/** The error as the key of a request may see it. */
export function hideNames(c: Context<AppEnv>, error: FoveaError): FoveaError {
  const { code, param, details = {} } = error;
  if (!isLimited(c) || !isSuggesting(code)) return error;
  const { kind, list } = SUGGESTING[code];
  const { [list]: names, renamed_to: renamed, ...shown } = details;
  const isTold = typeof renamed === 'string' && maySee(c, { [kind]: renamed });
  const seen = (Array.isArray(names) ? names : []).filter((name) => maySee(c, { [kind]: name }));
  const others = seen.length === 0 ? '' : ` There are: ${seen.map((name) => `"${name}"`).join(', ')}.`;
  const job =
    details['job'] === undefined ? '' : ` Job "${details['job']}" for it is ${details['job_status']}.`;
  return new FoveaError(
    code,
    `There is no ${kind} "${details[kind]}" that this API key may use.${isTold ? ` It was renamed to "${renamed}".` : ''}${job}${others}`,
    {
      ...(param === undefined ? {} : { param }),
      details: { ...shown, [list]: seen, ...(isTold ? { renamed_to: renamed } : {}) },
    },
  );
}
