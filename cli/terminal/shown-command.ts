// The command that serves a data folder, as the reader can type it.

import path from 'node:path';
import { isCheckout, shownCommand } from '../../core/shown-command.ts';
import { PACKAGE_ROOT } from './user-path.ts';

/** The data folder where no other is given: below the checkout, or where Fovea is installed, below the current folder. */
export const DEFAULT_DATA = '.fovea';

/** The command that serves a data folder. It omits the default folder. */
export function shownStart({
  data,
  weights,
}: {
  readonly data: string;
  readonly weights?: string | undefined;
}): string {
  const isDefault = path.resolve(data) === path.resolve(isCheckout ? PACKAGE_ROOT : '', DEFAULT_DATA);
  return shownCommand(
    'start',
    ...(isDefault ? [] : ['--data', path.resolve(data)]),
    ...(weights === undefined ? [] : ['--weights', path.resolve(weights)]),
  );
}
