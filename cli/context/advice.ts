// What to do about an error of a server: which server was asked, with which key, and the next command.

import { shownCommand } from '../../core/shown-command.ts';
import { describeError } from '../terminal/describe-error.ts';
import { StepError } from '../terminal/exit-codes.ts';
import { type FoundServer, LOCAL_CONTEXT, SERVER_VARIABLES } from './find-server.ts';

const advised = new WeakMap<Error, string>();

/** Remembers what to do about an error, for {@link adviceOf}. */
export function advise(error: unknown, server: FoundServer): void {
  if (!(error instanceof Error)) return;
  const reason = error instanceof StepError && error.cause instanceof Error ? error.cause : error;
  const text = adviceFor(reason, server);
  if (text !== undefined) advised.set(error, text);
}

/** The API's words for what the command calls otherwise, each with the command's. */
const OPTIONS: Readonly<Record<string, string>> = {
  'hyperparameters.n_epochs': '--epochs',
  max_cost_usd: '--max-cost',
  training_file: 'the dataset',
  suffix: '--name',
  model: '--base',
  top_k: '--top-k',
  explain_count: '--explain-count',
};

type Facts = Readonly<Record<string, unknown>>;

/** What the command says in place of the API's message, by the error's code; undefined where the API knows better. */
const SAID: Readonly<Record<string, (details: Facts) => string | undefined>> = {
  'dataset-not-found': ({ dataset, datasets, renamed_to: renamed }) =>
    dataset === undefined
      ? undefined
      : `There is no dataset "${dataset}".${typeof renamed === 'string' ? ` It was renamed to "${renamed}".` : ''}${namesOf(datasets)} Bring one: ${shownCommand('datasets', 'push', 'FOLDER')}`,
  'job-not-found': ({ fine_tuning_job_id: id }) =>
    `There is no job ${id === undefined ? 'of this id' : `"${id}"`}. See those that there are: ${shownCommand('jobs', 'ls')}`,
  // The stages of a job are what --effort says of it.
  'setting-without-effect': ({ setting, architecture }) =>
    setting === 'stages'
      ? `--effort quick and thorough say which pretrained layers are trained, and "${architecture}" has none that can be. Leave --effort out.`
      : undefined,
  'request-invalid': ({ issues }) => (isIssues(issues) ? describeIssues(issues) : undefined),
};

interface Issue {
  readonly path: string;
  readonly message: string;
}

const isIssues = (issues: unknown): issues is readonly Issue[] => Array.isArray(issues);

/** Names the options; undefined where one of the fields is none. */
function describeIssues(issues: readonly Issue[]): string | undefined {
  if (issues.length === 0 || issues.some(({ path }) => OPTIONS[path] === undefined)) return undefined;
  return `${issues.map(({ path, message }) => `${OPTIONS[path]}: ${message}`).join('; ')}.`;
}

const namesOf = (names: unknown): string =>
  Array.isArray(names) && names.length > 0
    ? ` There ${names.length === 1 ? 'is' : 'are'} ${names.map((name) => `"${name}"`).join(', ')}.`
    : '';

/** The message of an error in the command's words: that of the API where it knows no others. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'ApiError') return describeError(error);
  const { code, details = {} } = error as { code?: string | null; details?: Facts };
  return SAID[code ?? '']?.(details) ?? describeError(error);
}

/** What to do about an error; undefined where the error says it itself. */
export const adviceOf = (error: unknown): string | undefined =>
  error instanceof Error ? advised.get(error) : undefined;

function adviceFor(error: Error, { url, urlFrom, keyFrom }: FoundServer): string | undefined {
  if (error.name === 'ConnectionError') {
    const start = shownCommand('start');
    const another = `Or ask another: --url, ${SERVER_VARIABLES.url}, or ${shownCommand('context', 'use', 'NAME')}.`;
    return url === LOCAL_CONTEXT.url
      ? `Start it: ${start}. ${another}`
      : `The address comes from ${urlFrom}. On this machine, start a server: ${start}. ${another}`;
  }
  const isForeign = 'isForeign' in error && error.isForeign === true;
  if (error.name === 'UnexpectedAnswerError' || isForeign) return `The address ${url} comes from ${urlFrom}.`;
  const status = 'status' in error ? error.status : undefined;
  if (status === 401)
    return keyFrom === undefined
      ? `No key was sent: set ${SERVER_VARIABLES.key}, or save one: ${shownCommand('context', 'set', 'NAME', '--url', url, '--key')}.`
      : `The key comes from ${keyFrom}.`;
  return status === 403 && keyFrom !== undefined ? `The key comes from ${keyFrom}.` : undefined;
}
