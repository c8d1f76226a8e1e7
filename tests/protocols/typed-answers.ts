// Holds answers to the types of OpenAI's client: writes them down as values of those types and has TypeScript check them. Fields beside
// those of the types are allowed. So is null where a field may be left out, as OpenAI's own answers have it.

import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Answer } from './ask-openai.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../', import.meta.url));

const HEAD = `import type OpenAI from 'openai';
type Page<T> = { data: T[]; has_more: boolean; object: string };
type CursorIds = { first_id: string | null; last_id: string | null };
type Answered<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends (infer U)[]
    ? Answered<U>[]
    : T extends object
      ? { [K in keyof T]: undefined extends T[K] ? Answered<T[K]> | null : Answered<T[K]> } & { [other: string]: unknown }
      : T;
`;

/** The type of each answer: by its method, and its path with ids as \`*\`. */
const TYPES: Readonly<Record<string, string>> = {
  'POST /v1/files': 'OpenAI.FileObject',
  'GET /v1/files': 'Page<OpenAI.FileObject> & CursorIds',
  'GET /v1/files/*': 'OpenAI.FileObject',
  'DELETE /v1/files/*': 'OpenAI.FileDeleted',
  'POST /v1/uploads': 'OpenAI.Upload',
  'POST /v1/uploads/*/parts': 'OpenAI.Uploads.UploadPart',
  'POST /v1/uploads/*/complete': 'OpenAI.Upload',
  'POST /v1/uploads/*/cancel': 'OpenAI.Upload',
  'POST /v1/batches': 'OpenAI.Batch',
  'GET /v1/batches': 'Page<OpenAI.Batch>',
  'GET /v1/batches/*': 'OpenAI.Batch',
  'POST /v1/fine_tuning/jobs': 'OpenAI.FineTuning.FineTuningJob',
  'GET /v1/fine_tuning/jobs': 'Page<OpenAI.FineTuning.FineTuningJob>',
  'GET /v1/fine_tuning/jobs/*': 'OpenAI.FineTuning.FineTuningJob',
  // The types do not know the state "paused".
  'POST /v1/fine_tuning/jobs/*/pause':
    "Omit<OpenAI.FineTuning.FineTuningJob, 'status'> & { status: 'paused' }",
  'POST /v1/fine_tuning/jobs/*/resume': 'OpenAI.FineTuning.FineTuningJob',
  'POST /v1/fine_tuning/jobs/*/cancel': 'OpenAI.FineTuning.FineTuningJob',
  'GET /v1/fine_tuning/jobs/*/events': 'Page<OpenAI.FineTuning.FineTuningJobEvent>',
  'GET /v1/fine_tuning/jobs/*/checkpoints':
    'Page<OpenAI.FineTuning.Jobs.FineTuningJobCheckpoint> & CursorIds',
  'GET /v1/models': '{ data: OpenAI.Model[]; object: string }',
  'GET /v1/models/*': 'OpenAI.Model',
  'DELETE /v1/models/*': 'OpenAI.ModelDeleted',
};

const KINDS = /^\/v1\/(?:files|uploads|batches|models|fine_tuning\/jobs)/;

const kindOf = ({ method, path: asked }: Answer): string => {
  const [start = ''] = KINDS.exec(asked) ?? [];
  const [, id, ...rest] = asked.slice(start.length).split('/');
  return `${method.toUpperCase()} ${[start, ...(id === undefined ? [] : ['*']), ...rest].join('/')}`;
};

/**
 * Checks answers.
 * @param folder an empty folder for what the compiler reads.
 * @returns how many kinds of answers there were.
 * @throws {Error} with what the compiler says; where an answer has no type here, or a type has no answer.
 */
export async function checkTypes(folder: string, answers: readonly Answer[]): Promise<number> {
  const asked = new Set(answers.map(kindOf));
  const problems = [
    ...[...asked].filter((kind) => TYPES[kind] === undefined).map((kind) => `"${kind}" has no type`),
    ...Object.keys(TYPES)
      .filter((kind) => !asked.has(kind))
      .map((kind) => `"${kind}" was not asked`),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
  const values = answers.map((answer, index) => {
    const kind = kindOf(answer);
    return `// ${kind}\nexport const answer${index}: Answered<${TYPES[kind]}> = ${JSON.stringify(answer.body)};\n`;
  });
  await mkdir(folder, { recursive: true });
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(path.join(folder, 'answers.ts'), HEAD + values.join(''));
  const config = { extends: path.join(repository, 'tsconfig.json'), include: ['answers.ts'] };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(repository, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '-p', folder]).catch((error: { stdout?: string }) => {
    throw new Error(`answers do not have the types of the client: ${error.stdout ?? String(error)}`);
  });
  return asked.size;
}
