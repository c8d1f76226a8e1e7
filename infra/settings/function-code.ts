// Finds the code of the functions: what scripts/build-function.ts made, or a stand-in that says it is missing.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Annotations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import type { Settings } from './settings.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const STAND_IN = fileURLToPath(new URL('../stand-in-function', import.meta.url));

/** The context key that allows synthesis without built functions. Such a template is for reading, not for deploying. */
export const ALLOW_STAND_IN = 'allowStandIn';

/**
 * The code of one function. Where it is not built, synthesis fails with an error; with {@link ALLOW_STAND_IN}, it uses a
 * stand-in and warns.
 */
export function functionCode(
  scope: IConstruct,
  name: 'api' | 'job-events',
  architecture: Settings['architecture'],
): Code {
  const folder = path.join(REPOSITORY, 'dist', `functions-${architecture}`, name);
  if (existsSync(folder)) return Code.fromAsset(folder);
  const message = `"${path.relative(REPOSITORY, folder)}" is not there: run npm run build:function -- --architecture ${architecture}`;
  const isAllowed = String(scope.node.tryGetContext(ALLOW_STAND_IN)) === 'true';
  if (isAllowed) Annotations.of(scope).addWarningV2('fovea:function-not-built', message);
  else Annotations.of(scope).addError(message);
  return Code.fromAsset(STAND_IN);
}
