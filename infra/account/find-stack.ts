// Finds a stack of CloudFormation by its name. It only reads.

import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { createClient } from './create-client.ts';

/**
 * Asks for a stack.
 * @returns undefined where there is none of the name.
 * @throws what AWS says where it cannot be asked: whether the stack is there then is not known.
 */
export async function findStack(name: string, region: string): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await createClient(CloudFormationClient, { region }).send(
      new DescribeStacksCommand({ StackName: name }),
    );
    return stack;
  } catch (error) {
    const isGone =
      error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist');
    if (isGone) return undefined;
    throw error;
  }
}
