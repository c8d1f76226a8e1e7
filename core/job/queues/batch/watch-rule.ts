// Switches the schedule on and off by which open jobs are compared with AWS Batch: it costs nothing while no job is open.

import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';

/** The schedule of a deployment. */
export interface WatchRule {
  switchOn(): Promise<void>;
  switchOff(): Promise<void>;
}

/**
 * Opens the schedule of a deployment. Switching it to what it is does nothing.
 * @param name of its rule in EventBridge.
 */
export function createWatchRule(
  name: string,
  client: EventBridgeClient = new EventBridgeClient({}),
): WatchRule {
  return {
    async switchOn() {
      await client.send(new EnableRuleCommand({ Name: name }));
    },
    async switchOff() {
      await client.send(new DisableRuleCommand({ Name: name }));
    },
  };
}
