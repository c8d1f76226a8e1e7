// Writes THIRD-PARTY-NOTICES.md from the lock files and node_modules. A test fails where it is not up to date.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderNotices } from './notices/render-notices.ts';

const repository = path.resolve(import.meta.dirname, '..');
await writeFile(path.join(repository, 'THIRD-PARTY-NOTICES.md'), await renderNotices(repository));
