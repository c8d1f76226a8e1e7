// `fovea completion`: scripts for shells, which ask the command itself what may come next.

import type { Command } from 'commander';
import { createClient, type FoveaClient } from '../../client/create-client.ts';
import { take } from '../../client/pages.ts';
import { findServer } from '../context/find-server.ts';

/** The scripts, by shell. Where the command knows nothing, files are completed. */
export const COMPLETION_SCRIPTS = {
  bash: `_fovea() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(fovea __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _fovea fovea`,
  zsh: `#compdef fovea
_fovea() {
  local -a found
  found=(\${(f)"$(fovea __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _fovea fovea`,
  fish: `function __fovea_complete
  set -l words (commandline -opc) (commandline -ct)
  fovea __complete -- $words[2..-1] 2>/dev/null
end
complete -c fovea -f -a '(__fovea_complete)'
complete -c fovea -n 'test -z "(__fovea_complete)"' -F`,
} as const;

/** How long a server may take to list names. */
const NAMES_MS = 1000;
const MOST_NAMES = 100;

/** Arguments whose values a server knows, and how they are listed. */
const NAMES: Readonly<Record<string, (client: FoveaClient, signal: AbortSignal) => AsyncIterable<string>>> = {
  dataset: (client, signal) => namesOf(client.datasets.list({ signal }), ({ dataset }) => dataset),
  model: (client, signal) => namesOf(client.models.list({ signal }), ({ id }) => id),
  'model:version': async function* (client, signal) {
    for await (const { id, versions } of client.models.list({ signal }))
      yield* versions.map((version) => `${id}:${version}`);
  },
  job: (client, signal) => namesOf(client.jobs.list({ signal }), ({ id }) => id),
  batch: (client, signal) => namesOf(client.batches.list({ signal }), ({ id }) => id),
};

async function* namesOf<T>(list: AsyncIterable<T>, nameOf: (entry: T) => string): AsyncGenerator<string> {
  for await (const entry of list) yield nameOf(entry);
}

/** Prints what may stand at the place of the last word, each on a line. */
export async function runComplete(program: Command, words: readonly string[]): Promise<void> {
  const found = await complete(program, words);
  if (found.length > 0) console.log(found.join('\n'));
}

/** What may stand at the place of the last word, which is begun or empty. */
export async function complete(program: Command, words: readonly string[]): Promise<readonly string[]> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  let command = program;
  const given: string[] = [];
  let option: Command['options'][number] | undefined;
  for (const word of before) {
    if (option !== undefined) option = undefined;
    else if (word.startsWith('-')) {
      const known = command.options.find((one) => one.long === word || one.short === word);
      option = known?.required === true ? known : undefined;
    } else {
      const inner =
        given.length === 0
          ? command.commands.find((one) => one.name() === word || one.alias() === word)
          : undefined;
      if (inner === undefined) given.push(word);
      else command = inner;
    }
  }
  const begins = (text: string) => text.startsWith(last);
  if (option !== undefined) {
    if (option.argChoices !== undefined) return option.argChoices.filter(begins);
    return (await namesFor(option.attributeName())).filter(begins);
  }
  if (last.startsWith('-'))
    return [...command.options.map(({ long }) => long ?? ''), '--help'].filter(begins);
  if (command.commands.length > 0 && given.length === 0) {
    const visible = command
      .createHelp()
      .visibleCommands(command)
      .map((one) => one.name());
    return visible.filter(begins);
  }
  const { registeredArguments: all } = command;
  const argument = all[given.length] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices.filter(begins);
  return (await namesFor(argument.name())).filter(begins);
}

/** The names that the server knows; none where it does not answer soon. */
async function namesFor(kind: string): Promise<readonly string[]> {
  const list = NAMES[kind];
  if (list === undefined) return [];
  try {
    const { url, key } = await findServer(undefined);
    const client = createClient({ url, key, retries: 0 });
    return await take(list(client, AbortSignal.timeout(NAMES_MS)), MOST_NAMES);
  } catch {
    return [];
  }
}
