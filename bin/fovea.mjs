#!/usr/bin/env node
// The `fovea` command: runs the bundle that `npm run build` has made. Where there is none, or a source has changed since, it lets Node read
// TypeScript and runs the sources.

import { assertNode } from '../scripts/check-node.mjs';
import { findBundle } from '../scripts/command-bundle.mjs';

assertNode();
const bundle = findBundle();
if (bundle === undefined) (await import('tsx/esm/api')).register();
await import(bundle?.href ?? '../cli/entry.ts');
