// `npm run docstrings`: prints every docstring that breaks a rule, and exits with 1 where there is one. This file says which
// folders have to follow the rules.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { findDocstringFaults } from './docstrings/find-docstring-faults.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
/** Tests need no docstrings, because their names are sentences. */
const FOLDERS = ['api', 'client', 'core', 'batch-job', 'functions', 'cli', 'infra', 'bench', 'scripts'];

const files = FOLDERS.flatMap((folder) =>
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
