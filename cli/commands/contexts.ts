// `fovea context`: saves servers by name, and says which one commands ask.

import { createTransport } from '../../client/transport.ts';
import { parseContextName, readContexts, saveContext, writeContexts } from '../context/config-file.ts';
import { contextNameTaken, contextUnknown, findServer, LOCAL_CONTEXT } from '../context/find-server.ts';
import { readSecret } from '../terminal/ask.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { createOutput, type OutputOptions } from '../terminal/output.ts';
import { newTable } from '../terminal/plain-table.ts';

/** Saves a server under a name. Without `--key` a key that was saved stays. */
export async function runContextSet(
  name: string,
  { url, key: hasKey = false, ...options }: OutputOptions & { readonly url: string; readonly key?: boolean },
): Promise<void> {
  parseContextName(name);
  if (name === LOCAL_CONTEXT.name) throw contextNameTaken();
  // Says what is wrong with an address.
  const base = createTransport({ url }).url;
  const { [name]: before } = (await readContexts()).contexts;
  const secret = hasKey
    ? await readSecret(`API key of ${base}: `)
    : before?.url === base
      ? before.key
      : undefined;
  if (hasKey && !secret)
    throw new UsageError('No key was given. Type it at the terminal, or send it to the standard input.');
  await saveContext(name, { url: base, ...(secret ? { key: secret } : {}) });
  createOutput(options).answer({
    json: { name, url: base, has_key: secret !== undefined },
    text: () =>
      `The context "${name}" is ${base}${secret ? ', with a key' : ', without a key'}. Use it: fovea context use ${name}`,
    short: () => name,
  });
}

/** Lets commands ask the server of a context. */
export async function runContextUse(name: string, options: OutputOptions): Promise<void> {
  const { contexts } = await readContexts();
  const url = name === LOCAL_CONTEXT.name ? LOCAL_CONTEXT.url : contexts[name]?.url;
  if (url === undefined) throw contextUnknown(name, contexts);
  await writeContexts({ contexts, ...(name === LOCAL_CONTEXT.name ? {} : { current: name }) });
  createOutput(options).answer({
    json: { name, url },
    text: () => `Commands ask ${url} now.`,
    short: () => name,
  });
}

/** Lists the contexts; keys are not shown. */
export async function runContextList(options: OutputOptions): Promise<void> {
  const { current = LOCAL_CONTEXT.name, contexts } = await readContexts();
  const all = Object.entries({ [LOCAL_CONTEXT.name]: { url: LOCAL_CONTEXT.url }, ...contexts }).map(
    ([name, { url, ...rest }]) => ({ name, url, has_key: 'key' in rest, in_use: name === current }),
  );
  const { url, urlFrom } = await findServer(undefined).catch(() => ({ url: '', urlFrom: '' }));
  createOutput(options).answer({
    json: { object: 'list', data: all },
    text() {
      const table = newTable(['', 'context', 'server', 'key'], 4);
      for (const { name, url: of, has_key, in_use } of all)
        table.push([in_use ? '*' : '', name, of, has_key ? 'saved' : '–']);
      const overridden =
        urlFrom.startsWith('context') || url === '' ? '' : `\n${urlFrom} is set: commands ask ${url}.`;
      return `${table.toString()}${overridden}`;
    },
    short: () => all.map(({ name }) => name).join('\n'),
  });
}

/** Forgets a context and its key. */
export async function runContextRemove(name: string, options: OutputOptions): Promise<void> {
  const { current, contexts } = await readContexts();
  const { [name]: found, ...others } = contexts;
  if (found === undefined) throw contextUnknown(name, contexts);
  await writeContexts({
    contexts: others,
    ...(current === undefined || current === name ? {} : { current }),
  });
  createOutput(options).answer({
    json: { name, deleted: true },
    text: () => `The context "${name}" is forgotten.`,
    short: () => '',
  });
}
