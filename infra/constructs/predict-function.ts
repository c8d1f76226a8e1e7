// The API: one function behind a URL of its own, and the secret with its API keys.

import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { type FunctionUrl, FunctionUrlAuthType, type IFunction, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { environment } from '../../core/environment.ts';
import { allowApi } from '../access/bucket-access.ts';
import { type Settings, webhookVariables } from '../settings/settings.ts';
import { BundledFunction } from './bundled-function.ts';
import type { DataBucket } from './data-bucket.ts';
import type { Trainer } from './trainer.ts';
import { allowTraining } from './trainer-access.ts';

/** The bucket, the trainers that jobs start on, and the settings. */
export interface PredictFunctionProps {
  readonly data: DataBucket;
  readonly trainer: Trainer;
  readonly settings: Settings;
}

/** Inspecting a dataset of some thousand pictures takes minutes; a prediction takes milliseconds. */
const TIMEOUT = Duration.minutes(5);
const KEY_LENGTH = 40;

/** The function that serves the API. */
export class PredictFunction extends Construct {
  readonly function: IFunction;
  readonly url: FunctionUrl;
  /** JSON object of API keys by their names. It is created with one key, `default`. */
  readonly apiKeys: Secret;

  constructor(scope: Construct, id: string, { data, trainer, settings }: PredictFunctionProps) {
    super(scope, id);
    this.apiKeys = new Secret(this, 'ApiKeys', {
      description: 'Fovea API keys, by name. Add one to give it out, remove one to revoke it.',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'default',
        passwordLength: KEY_LENGTH,
        excludePunctuation: true,
      },
    });
    Validations.of(this.apiKeys).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'Clients hold the keys: a new one is added beside the old one, which goes when all have moved.',
    });

    const { functionConcurrency, allowOrigins, imageUrls, feedback, keepDays } = settings;
    const api = new BundledFunction(this, 'Function', {
      code: 'api',
      description: 'Fovea: predictions and fine-tuning jobs',
      settings,
      memoryMib: settings.functionMemory,
      timeout: TIMEOUT,
      environment: {
        [environment.storeUrl]: data.storeUrl,
        [environment.trainerFleet]: Stack.of(this).toJsonString(trainer.fleet),
        [environment.queue]: settings.queue,
        [environment.apiKeysSecret]: this.apiKeys.secretArn,
        ...(allowOrigins === undefined ? {} : { [environment.allowOrigins]: JSON.stringify(allowOrigins) }),
        ...(Object.keys(keepDays).length === 0 ? {} : { [environment.keepDays]: textOf(keepDays) }),
        ...webhookVariables(settings),
        ...(feedback ? { [environment.feedback]: 'true' } : {}),
        ...(imageUrls === undefined ? {} : { [environment.imageUrls]: JSON.stringify(imageUrls) }),
      },
      ...(functionConcurrency === 'unreserved' ? {} : { reservedConcurrency: functionConcurrency }),
    });
    allowApi(api.role, data.bucket);
    allowTraining(api.role, trainer);
    this.apiKeys.grantRead(api);
    this.function = api.function;
    // The function checks API keys itself: OpenAI's clients send a bearer token, and IAM takes signatures alone.
    this.url = api.function.addFunctionUrl({
      authType: FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.RESPONSE_STREAM,
    });
  }
}

const textOf = (days: Settings['keepDays']) =>
  Object.entries(days)
    .map(([kind, number]) => `${kind}=${number}`)
    .join(',');
