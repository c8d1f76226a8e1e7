#!/usr/bin/env node
// The `fovea` command: lets Node read TypeScript, then runs cli/main.ts.

import { assertNode } from '../scripts/check-node.mjs';

assertNode();
const { register } = await import('tsx/esm/api');
register();
await import('../cli/main.ts');
