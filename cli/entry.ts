// Has Node keep what it compiles, keeps ONNX Runtime quiet, both before anything large can be loaded, and runs the command.

import module from 'node:module';
import path from 'node:path';
import { cacheDirectory } from '../core/cache-directory.ts';

/** Releases of Node before 22.1 have none. A folder that cannot be written is no fault. */
const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => unknown };
enableCompileCache?.(path.join(cacheDirectory(process.env), 'compiled'));
const { NO_TELEMETRY } = await import('../core/environment.ts');
Object.assign(process.env, NO_TELEMETRY);
await import('./main.ts');
