// Lists the npm packages that Fovea brings to its users, from a lock file. Knows nothing of what is installed here.

/** One package of a lock file. */
export interface LockedPackage {
  /** Its folder, e.g. `node_modules/sharp`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As its author declares it, an SPDX expression at best; empty where there is none. */
  readonly license: string;
  /** Installed on some platforms only. */
  readonly isOptional: boolean;
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** The fields of package-lock.json that are read here. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

/** All packages but the project itself and those of development, in the order of the lock file. */
export function productionPackages(lockfile: Lockfile): LockedPackage[] {
  return Object.entries(lockfile.packages)
    .filter(([folder, { dev }]) => folder !== '' && dev !== true)
    .map(([folder, { version = '', license = '', optional = false }]) => ({
      path: folder,
      name: folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license,
      isOptional: optional,
    }));
}
