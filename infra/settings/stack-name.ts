// The name of the stack in an account.

import { createHash } from 'node:crypto';

/** Name of the stack unless the context names another (`-c stackName=…`), which allows several stacks in one account. */
const STACK_NAME = 'Fovea';

/** The name that the CDK's context gives, else the usual one. */
export function stackNameOf({ stackName }: Readonly<Record<string, unknown>>): string {
  return typeof stackName === 'string' ? stackName : STACK_NAME;
}

/** EventBridge allows 64 characters for a name that begins with a stack's. */
const STACK_NAME_LENGTH = 48;
const HASH_LENGTH = 8;

/** The name of a stack, or so much of it that another with the same beginning is told apart: at most 48 characters. */
export function shortenedStackName(stackName: string): string {
  if (stackName.length <= STACK_NAME_LENGTH) return stackName;
  const hash = createHash('sha256').update(stackName).digest('hex').slice(0, HASH_LENGTH);
  return `${stackName.slice(0, STACK_NAME_LENGTH - HASH_LENGTH - 1)}-${hash}`;
}
