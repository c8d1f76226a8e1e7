#!/usr/bin/env node
// The `fovea` command: lets Node read TypeScript, keeps ONNX Runtime quiet, then runs cli/main.ts.

import { assertNode } from '../scripts/check-node.mjs';

assertNode();
const { register } = await import('tsx/esm/api');
register();
const { NO_TELEMETRY } = await import('../core/environment.ts');
Object.assign(process.env, NO_TELEMETRY);
await import('../cli/main.ts');
