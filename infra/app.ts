// The entry point that the CDK command line runs (cdk.json).

import { createApp } from './create-app.ts';
import { SettingsError } from './settings/settings.ts';

try {
  createApp().app.synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
