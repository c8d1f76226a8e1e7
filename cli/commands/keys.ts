// `fovea keys`: makes, lists, rotates and revokes the API keys of a server. The key to ask with comes from the environment, because others
// on the machine can read the arguments of a command.

import type { WireApiKey } from '../../api/api-key.ts';
import type { Scope } from '../../core/api-key/scope.ts';
import { createApiClient } from '../client/api-client.ts';
import { newTable } from '../terminal/plain-table.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** The server, and the key to ask it with. */
export interface KeysServer {
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** What a new key allows. */
export interface CreateKeyOptions {
  readonly scope: Scope;
  readonly days?: number;
  readonly dataset?: string[];
  readonly model?: string[];
  readonly perMinute?: number;
  readonly predictionsPerDay?: number;
}

const clientOf = ({ url, apiKey }: KeysServer) => createApiClient(url, apiKey || undefined);

/** Makes a key, and prints its secret alone, so that a script can take it. */
export async function runKeysCreate(
  server: KeysServer,
  name: string,
  { scope, days, dataset: datasets, model: models, perMinute, predictionsPerDay }: CreateKeyOptions,
): Promise<void> {
  const expires_at = days === undefined ? undefined : Math.floor(Date.now() / 1000 + days * DAY_SECONDS);
  const { secret } = await clientOf(server).createKey({
    name,
    scopes: [scope],
    expires_at,
    datasets,
    models,
    requests_per_minute: perMinute,
    predictions_per_day: predictionsPerDay,
  });
  printSecret(name, secret);
}

/** Prints a table of the keys. */
export async function runKeysList(server: KeysServer): Promise<void> {
  const keys = await clientOf(server).keys();
  console.log(
    keys.length === 0
      ? 'The store of the server has no keys. Those that it was started with are not listed.'
      : describeKeys(keys),
  );
}

/** Gives a key a new secret, and prints it. */
export async function runKeysRotate(server: KeysServer, name: string, graceSeconds: number): Promise<void> {
  const { secret } = await clientOf(server).rotateKey(name, graceSeconds);
  printSecret(name, secret);
}

/** Ends a key. */
export async function runKeysRevoke(server: KeysServer, name: string): Promise<void> {
  await clientOf(server).revokeKey(name);
  console.error(`The key "${name}" is revoked.`);
}

/** A table with a line for each key. */
export function describeKeys(keys: readonly WireApiKey[]): string {
  const table = newTable(['key', 'scope', 'datasets', 'models', 'made', 'by', 'ends'], 7);
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  for (const { name, scopes, datasets, models, created_at, created_by, expires_at, problem } of keys) {
    table.push([
      name,
      problem?.code ?? scopes.join(', '),
      datasets?.join(', ') ?? 'all',
      models?.join(', ') ?? 'all',
      day(created_at),
      created_by,
      expires_at === null ? 'never' : day(expires_at),
    ]);
  }
  return table.toString();
}

function printSecret(name: string, secret: string): void {
  console.error(`The secret of the key "${name}". Keep it now: it is not shown again.`);
  console.log(secret);
}
