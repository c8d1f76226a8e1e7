// `fovea keys`: makes, lists, rotates and revokes the API keys of a server, and tells what the present one allows. The key to ask with comes from the environment, because others
// on the machine can read the arguments of a command.

import type { WireApiKey, WireCurrentApiKey } from '../../api/api-key.ts';
import { ApiError } from '../../client/api-error.ts';
import { all } from '../../client/pages.ts';
import type { Scope } from '../../core/api-key/scope.ts';
import { firstOf, whole } from '../../core/words/quantities.ts';
import type { Session } from '../context/session.ts';
import { NotFoundError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';

const DAY_SECONDS = 24 * 60 * 60;
const SHOWN_KEYS = 10;

const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** What a new key allows. */
export interface CreateKeyOptions {
  readonly scope: Scope;
  readonly days?: number;
  readonly dataset?: string[];
  readonly model?: string[];
  readonly perMinute?: number;
  readonly predictionsPerDay?: number;
}

/** Makes a key, and prints its secret alone, so that a script can take it. */
export async function runKeysCreate(
  session: Session,
  name: string,
  { scope, days, dataset: datasets, model: models, perMinute, predictionsPerDay }: CreateKeyOptions,
): Promise<void> {
  const expires_at = days === undefined ? undefined : Math.floor(Date.now() / 1000 + days * DAY_SECONDS);
  const made = await session.client.keys.create({
    name,
    scopes: [scope],
    expires_at,
    datasets,
    models,
    requests_per_minute: perMinute,
    predictions_per_day: predictionsPerDay,
  });
  printSecret(session, made);
}

/** Prints a table of the keys. */
export async function runKeysList({ client, output }: Session): Promise<void> {
  const keys = await all(client.keys.list());
  output.answer({
    json: { object: 'list', data: keys },
    text: () =>
      keys.length === 0
        ? 'The store of the server has no keys. Those that it was started with are not listed.'
        : describeKeys(keys),
    short: () => keys.map(({ name }) => name).join('\n'),
  });
}

/** Prints what the key that the command asks with allows. */
export async function runKeysCurrent({ client, output }: Session): Promise<void> {
  const key = await client.keys.current();
  output.answer({ json: key, text: () => describeCurrent(key), short: () => key.scopes.join('\n') });
}

/** What a key allows, in lines. */
export function describeCurrent(key: WireCurrentApiKey): string {
  const { name, scopes, datasets, models, expires_at: endsAt } = key;
  return [
    name === null
      ? 'The server requires no key: everybody may do everything.'
      : `The key "${name}" allows ${scopes.join(', ')}${endsAt === null ? '' : `, until ${dayOf(endsAt)}`}.`,
    datasets === null ? '' : `Datasets: ${datasets.join(', ')}`,
    models === null ? '' : `Models: ${models.join(', ')}`,
    key.requests_per_minute === null ? '' : `Requests a minute: ${whole(key.requests_per_minute)}`,
    key.predictions_per_day === null ? '' : `Predictions a day: ${whole(key.predictions_per_day)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Gives a key a new secret, and prints it. */
export async function runKeysRotate(
  session: Session,
  name: string,
  { grace: graceSeconds }: { readonly grace: number },
): Promise<void> {
  const made = await session.client.keys.rotate(name, { graceSeconds }).catch(namingKeys(session, name));
  printSecret(session, made);
}

/** Ends a key. */
export async function runKeysRevoke(session: Session, name: string): Promise<void> {
  const { client, output } = session;
  await client.keys.revoke(name).catch(namingKeys(session, name));
  output.line({ object: 'api_key', name, deleted: true });
  output.note(`The key "${name}" is revoked.`);
}

/** Says which keys there are, where there is none of a name. */
const namingKeys =
  ({ client }: Session, name: string) =>
  async (error: unknown): Promise<never> => {
    if (!(error instanceof ApiError) || error.code !== 'api-key-not-found') throw error;
    const names = (await all(client.keys.list())).map((key) => `"${key.name}"`);
    const there =
      names.length === 0
        ? 'The store of the server has none.'
        : `There ${names.length === 1 ? 'is' : 'are'} ${firstOf(names, SHOWN_KEYS)}.`;
    throw new NotFoundError(`There is no key "${name}". ${there}`, { cause: error });
  };

/** A table with a line for each key. */
export function describeKeys(keys: readonly WireApiKey[]): string {
  const table = newTable(['key', 'scope', 'datasets', 'models', 'made', 'by', 'ends'], 7);
  for (const { name, scopes, datasets, models, created_at, created_by, expires_at, problem } of keys) {
    table.push([
      name,
      problem?.code ?? scopes.join(', '),
      datasets?.join(', ') ?? 'all',
      models?.join(', ') ?? 'all',
      dayOf(created_at),
      created_by,
      expires_at === null ? 'never' : dayOf(expires_at),
    ]);
  }
  return table.toString();
}

function printSecret({ output }: Session, made: { readonly name: string; readonly secret: string }): void {
  output.note(`The secret of the key "${made.name}". Keep it now: it is not shown again.`);
  output.answer({ json: made, text: () => made.secret, short: () => made.secret });
}
