#!/usr/bin/env node
// The `fovea` command: lets Node read TypeScript, then runs cli/main.ts.

import { register } from 'tsx/esm/api';

register();
await import('../cli/main.ts');
