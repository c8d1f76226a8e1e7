// Where published weight files are asked for first: a mirror that the operator of this machine names. Asks nothing.

import { environment } from '../../environment.ts';
import { FoveaError } from '../../errors/errors.ts';
import { isLoopback } from '../../remote/is-loopback.ts';

/**
 * The address of a file on the mirror: `<mirror>/<file>`. Undefined where none is set.
 *
 * Only the operator names a mirror, so it may be in a private network. A server must follow none of its redirects: they could lead anywhere.
 * @param file as `fovea weights ls` names it.
 * @throws {FoveaError} `weights-unavailable` where the setting is no address that may be asked.
 */
export function mirrorOf(
  file: string,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): URL | undefined {
  const text = variables[environment.weightsMirror];
  if (text === undefined || text === '') return undefined;
  const problem = problemOf(text);
  if (problem === undefined) return new URL(`${text.replace(/\/+$/, '')}/${encodeURIComponent(file)}`);
  throw new FoveaError(
    'weights-unavailable',
    `${environment.weightsMirror} cannot be used: ${problem} Set the address of the folder with the files, e.g. https://mirror.example.com/weights.`,
    { param: environment.weightsMirror },
  );
}

/** The text itself is not repeated: it may have a password in it. */
function problemOf(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL.';
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '') return 'it has a name or a password in it.';
  if (search !== '' || hash !== '') return 'it has a query or a fragment, and names of files come behind it.';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return protocol === 'http:'
    ? 'it has no TLS, which only a mirror on this machine may do without.'
    : 'it is neither https nor http.';
}
