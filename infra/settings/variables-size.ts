// How much of what AWS gives a function for its variables a template takes.

import { Annotations, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Bytes of all names and values of a function's variables; AWS refuses more while the stack is deployed. */
export const MOST_VARIABLES_BYTES = 4096;
/** What a reference counts, which has its value at the deployment alone: names that AWS makes have up to as many characters. */
const REFERENCE_BYTES = 64;

/** Stops the synthesis where a function's variables are too many, and says which settings take most of them. */
export function checkVariablesSize(scope: IConstruct, variables: Readonly<Record<string, string>>): void {
  const sizes = Object.entries(variables).map(
    ([name, value]) => [name, name.length + bytesOf(Stack.of(scope).resolve(value))] as const,
  );
  const sum = sizes.reduce((all, [, bytes]) => all + bytes, 0);
  if (sum <= MOST_VARIABLES_BYTES) return;
  const [largest = ''] = sizes.toSorted(([, a], [, b]) => b - a)[0] ?? [];
  Annotations.of(scope).addError(
    `The variables of this function take about ${sum} bytes, and AWS allows ${MOST_VARIABLES_BYTES}. Most of them has ${largest}. Name fewer sizes of machines in fovea:trainerFamilies, or fewer origins in fovea:allowOrigins.`,
  );
}

/** The bytes of a value in which references are not yet known. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  const join = (value as { 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join'];
  return join === undefined ? REFERENCE_BYTES : join[1].reduce((sum: number, part) => sum + bytesOf(part), 0);
}
