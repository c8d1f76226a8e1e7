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
const OPEN = ['core', 'batch-job', 'functions', 'cli', 'infra', 'bench'];

const files = FOLDERS.filter((folder) => !OPEN.includes(folder)).flatMap((folder) =>
  ts.sys.readDirectory(path.join(REPOSITORY, folder), ['.ts'], ['**/node_modules', '**/generated*']),
);
const faults = files.flatMap((file) =>
  findDocstringFaults(readFileSync(file, 'utf8')).map(
    ({ line, message }) => `${path.relative(REPOSITORY, file)}:${line}: ${message}`,
  ),
);
for (const fault of faults) console.error(fault);
console.log(`${files.length} files, ${faults.length} docstrings to mend.`);
process.exitCode = faults.length === 0 ? 0 : 1;
