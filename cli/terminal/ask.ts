// Questions to a person at a terminal. Where there is no terminal nobody can answer, and the error names the option that answers.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './exit-codes.ts';
import { InterruptedError } from './until-interrupted.ts';

const isTerminal = () => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Asks whether to go on; Enter says yes where `usual` is true.
 * @param option what says yes beforehand, e.g. `--yes`.
 * @throws {UsageError} where there is no terminal, and after Ctrl-D; {InterruptedError} after Ctrl-C.
 */
export async function confirm(question: string, { option = '--yes', usual = false } = {}): Promise<boolean> {
  if (!isTerminal())
    throw new UsageError(`${question} There is no terminal to ask at: say yes with ${option}.`);
  const answer = (await read(`${question} ${usual ? '[Y/n]' : '[y/N]'} `, process.stderr))
    .trim()
    .toLowerCase();
  return answer === '' ? usual : answer === 'y' || answer === 'yes';
}

/**
 * Reads a secret: at a terminal without showing it, else a line of the standard input.
 * @throws {UsageError} after Ctrl-D; {InterruptedError} after Ctrl-C.
 */
export async function readSecret(question: string): Promise<string> {
  if (isTerminal()) {
    process.stderr.write(question);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    try {
      return (await read('', silent)).trim();
    } finally {
      process.stderr.write('\n');
    }
  }
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
  return text.trim().split(/\r?\n/)[0] ?? '';
}

async function read(question: string, output: NodeJS.WritableStream): Promise<string> {
  const asking = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      asking.once('SIGINT', () => {
        process.stderr.write('\n');
        reject(new InterruptedError('SIGINT'));
      });
      // Ctrl-D, or the end of the input.
      asking.once('close', () => reject(new UsageError('The question was not answered.')));
      asking.question(question).then(resolve, () => undefined);
    });
  } finally {
    asking.close();
  }
}
