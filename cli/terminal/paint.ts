// Colors on a terminal. NO_COLOR (https://no-color.org) switches them off, FORCE_COLOR on.

import { styleText } from 'node:util';

/** A color of the terminal, or an emphasis. */
export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Whether a stream shows colors. */
export function showsColors(
  stream: { readonly isTTY?: boolean },
  variables: NodeJS.ProcessEnv = process.env,
): boolean {
  if (variables['NO_COLOR']) return false;
  if (variables['FORCE_COLOR']) return variables['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && variables['TERM'] !== 'dumb';
}

/** The text in a color, where the stream shows colors. */
export const paint = (
  color: Paint,
  text: string,
  stream: { readonly isTTY?: boolean } = process.stdout,
): string => (showsColors(stream) ? styleText(color, text, { validateStream: false } as never) : text);
