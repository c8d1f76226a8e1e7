// `npm run docstrings`: prints every docstring that the rules refuse, and exits with 1 where there is one. Which folders are
// held to the rules is said here.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { findDocstringFaults } from './docstrings/find-docstring-faults.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
/** Tests are sentences already. */
const FOLDERS = ['api', 'core', 'batch-job', 'functions', 'cli', 'infra', 'bench', 'scripts'];
/** Folders that are not held to the rules yet. */
const OPEN = [
  'batch-job/attempt',
  'batch-job/base',
  'batch-job/decide',
  'batch-job/examples',
  'batch-job/judge',
  'batch-job/memory',
  'batch-job/sweep',
];

const isOpen = (file: string) => OPEN.some((folder) => file.startsWith(`${folder}/`));
const files = FOLDERS.flatMap((folder) =>
  ts.sys.readDirectory(path.join(REPOSITORY, folder), ['.ts'], ['**/node_modules', '**/generated*']),
).filter((file) => !isOpen(path.relative(REPOSITORY, file)));
const faults = files.flatMap((file) =>
  findDocstringFaults(readFileSync(file, 'utf8')).map(
    ({ line, message }) => `${path.relative(REPOSITORY, file)}:${line}: ${message}`,
  ),
);
for (const fault of faults) console.error(fault);
console.log(`${files.length} files, ${faults.length} docstrings to mend.`);
process.exitCode = faults.length === 0 ? 0 : 1;
