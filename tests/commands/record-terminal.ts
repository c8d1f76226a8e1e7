// Records what a terminal shows as asciicast v2, which players of terminals read (https://docs.asciinema.org/manual/asciicast/v2/).

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A recording of one terminal, in the order of what it showed. */
export interface TerminalRecording {
  /** Shows a text now. */
  show(text: string): void;
  /** Writes the recording. */
  save(file: string): Promise<void>;
}

/** Starts a recording of a terminal of 120 columns and 40 lines. @param title what a player calls it. */
export function recordTerminal(title: string): TerminalRecording {
  const startMs = Date.now();
  const head = {
    version: 2,
    width: 120,
    height: 40,
    timestamp: Math.floor(startMs / 1000),
    title,
    env: { TERM: 'xterm', SHELL: '/bin/sh' },
  };
  const lines = [JSON.stringify(head)];
  return {
    show(text) {
      lines.push(JSON.stringify([(Date.now() - startMs) / 1000, 'o', text]));
    },
    async save(file) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, `${lines.join('\n')}\n`);
    },
  };
}
