// Prints the API key that a stack has made, from its secret: node --import tsx infra/read-key.ts SECRET-ARN

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createClient } from './account/create-client.ts';

/** The entry of the secret that the stack makes. */
const FIRST_KEY = 'default';

const [, , secret] = process.argv;
const { SecretString = '{}' } = await createClient(SecretsManagerClient).send(
  new GetSecretValueCommand({ SecretId: secret }),
);
const { [FIRST_KEY]: key } = JSON.parse(SecretString) as Readonly<Record<string, unknown>>;
if (typeof key !== 'string') throw new Error(`The secret has no entry "${FIRST_KEY}".`);
console.log(key);
