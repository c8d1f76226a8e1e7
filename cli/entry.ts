// Keeps ONNX Runtime quiet, before anything can load it, and runs the command.

import { NO_TELEMETRY } from '../core/environment.ts';

Object.assign(process.env, NO_TELEMETRY);
await import('./main.ts');
