// A wheel of the Python package index, and what is kept of it.

/** One file of the package index. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Paths in the wheel of what a job needs when it runs. Licenses are kept in any case. */
  readonly keeps: readonly string[];
}

/** The file name that pip gives a wheel starts with this. */
export const wheelPrefix = ({ name, version }: Wheel): string => `${name.replaceAll('-', '_')}-${version}-`;
