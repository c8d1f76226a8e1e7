// The API: one function behind a URL of its own, and the secret with its API keys. The URL leads to an alias, so that it stays the same
// whatever else changes.

import { Annotations, Duration, Validations } from 'aws-cdk-lib';
import {
  Alias,
  type FunctionUrl,
  FunctionUrlAuthType,
  type IFunction,
  InvokeMode,
} from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { environment } from '../../core/environment.ts';
import { allowApi } from '../access/bucket-access.ts';
import { allowWatching, watchVariable } from '../access/watch-rule.ts';
import { provisionedUsdPerMonth } from '../settings/provisioned-price.ts';
import { type Settings, webhookVariables } from '../settings/settings.ts';
import { BundledFunction } from './bundled-function.ts';
import { Canary } from './canary.ts';
import type { DataBucket } from './data-bucket.ts';
import { fleetVariable, type Trainer } from './trainer.ts';
import { allowTraining } from './trainer-access.ts';

/** The bucket, the trainers that jobs start on, and the settings. There are no trainers where workers run all jobs. */
export interface PredictFunctionProps {
  readonly data: DataBucket;
  readonly trainer: Trainer | undefined;
  readonly settings: Settings;
}

/** Inspecting a dataset of some thousand pictures takes minutes; a prediction takes milliseconds. */
const TIMEOUT = Duration.minutes(5);
const KEY_LENGTH = 40;
const ALIAS = 'live';

/** The function that serves the API. */
export class PredictFunction extends Construct {
  readonly function: IFunction;
  readonly url: FunctionUrl;
  /** JSON object of API keys by their names. It is created with one key, `default`. */
  readonly apiKeys: Secret;
  /** What the front sends with each request; undefined where there is none. */
  readonly frontSecret: Secret | undefined;

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

    const { functionConcurrency, allowOrigins, imageUrls, feedback, keepDays, authorization, domain } =
      settings;
    if (domain !== undefined) this.frontSecret = createFrontSecret(this);
    const api = new BundledFunction(this, 'Function', {
      code: 'api',
      description: 'Fovea: predictions and fine-tuning jobs',
      settings,
      memoryMib: settings.functionMemory,
      timeout: TIMEOUT,
      environment: {
        [environment.storeUrl]: data.storeUrl,
        ...fleetVariable(trainer),
        [environment.queue]: settings.queue,
        ...watchVariable(this, settings),
        [environment.apiKeysSecret]: this.apiKeys.secretArn,
        ...(authorization === 'keys' ? {} : { [environment.authorization]: authorization }),
        ...(this.frontSecret === undefined
          ? {}
          : {
              [environment.frontOrigin]: `https://${domain}`,
              [environment.frontSecret]: this.frontSecret.secretArn,
            }),
        ...(allowOrigins === undefined ? {} : { [environment.allowOrigins]: JSON.stringify(allowOrigins) }),
        ...(Object.keys(keepDays).length === 0 ? {} : { [environment.keepDays]: textOf(keepDays) }),
        ...webhookVariables(settings),
        ...(feedback ? { [environment.feedback]: 'true' } : {}),
        ...(imageUrls === undefined ? {} : { [environment.imageUrls]: JSON.stringify(imageUrls) }),
      },
      ...(functionConcurrency === 'unreserved' ? {} : { reservedConcurrency: functionConcurrency }),
    });
    allowApi(api.role, data.bucket);
    if (trainer !== undefined) allowTraining(api.role, trainer);
    if (settings.queue === 'batch') allowWatching(api.role);
    if (authorization === 'keys') this.apiKeys.grantRead(api);
    this.frontSecret?.grantRead(api);
    this.function = api.function;
    const alias = this.createAlias(api, settings);
    // With keys the function checks them itself: OpenAI's clients send a bearer token, and IAM takes signatures alone.
    this.url = alias.addFunctionUrl({
      authType: authorization === 'iam' ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.RESPONSE_STREAM,
    });
  }

  /** The name of the version that answers requests. */
  private createAlias(api: BundledFunction, settings: Settings): Alias {
    const { provisionedConcurrency, canary } = settings;
    const alias = new Alias(this, 'Live', {
      aliasName: ALIAS,
      version: api.function.currentVersion,
      ...(provisionedConcurrency === 0 ? {} : { provisionedConcurrentExecutions: provisionedConcurrency }),
    });
    if (provisionedConcurrency > 0) {
      const usd = provisionedUsdPerMonth(settings).toFixed(2);
      Annotations.of(this).addInfoV2(
        'fovea:provisioned-concurrency',
        `fovea:provisionedConcurrency=${provisionedConcurrency} costs about US$ ${usd} a month with ${settings.functionMemory} MiB, also while nobody sends a request.`,
      );
    }
    if (canary !== 'none') new Canary(this, 'Canary', { function: api.function, alias, minutes: canary });
    return alias;
  }
}

function createFrontSecret(scope: Construct): Secret {
  const secret = new Secret(scope, 'FrontSecret', {
    description: 'What CloudFront sends to the Fovea API with each request, so that nobody comes past it',
    generateSecretString: { passwordLength: KEY_LENGTH, excludePunctuation: true },
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'No person and no client holds it: CloudFront and the function alone do.',
  });
  return secret;
}

const textOf = (days: Settings['keepDays']) =>
  Object.entries(days)
    .map(([kind, number]) => `${kind}=${number}`)
    .join(',');
