// The CDK app: settings, stack, tags and the checks that run over all of them.

import { App, type AppProps, DefaultStackSynthesizer, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { FoveaStack } from './fovea-stack.ts';
import { parseSettings } from './settings/settings.ts';
import { stackNameOf } from './settings/stack-name.ts';
import { PROJECT_TAG } from './settings/tags.ts';

/**
 * Creates the app, not yet synthesized.
 * @throws {SettingsError} for settings that are not allowed.
 */
export function createApp(props: AppProps = {}): { readonly app: App; readonly stack: FoveaStack } {
  const app = new App(props);
  const context: Readonly<Record<string, unknown>> = app.node.getAllContext();
  const stack = new FoveaStack(app, stackNameOf(context), {
    settings: parseSettings(context),
    description: 'Fovea: fine-tunes image classifiers on AWS Batch and serves them from a function',
    // The rule would ask SSM at each update; `cdk bootstrap` checks the same.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  // Some template checkers do not know that dashboards take tags, and a dashboard's tag would tell no costs apart.
  Tags.of(app).add(PROJECT_TAG.name, PROJECT_TAG.value, {
    excludeResourceTypes: ['AWS::CloudWatch::Dashboard'],
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, stack };
}
