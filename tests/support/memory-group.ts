// A control group with a memory limit, below the one that this process is in; what runs in it may be ended by the kernel.

import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface MemoryGroup {
  /** Command and arguments that run what follows them in the group. */
  readonly prefix: readonly string[];
  /** Leaves the group so many bytes more than it has now. */
  grip(bytes: number): void;
  /** Takes the limit off. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

const CGROUP = '/sys/fs/cgroup';

/** Where groups are, what limits them and what tells their use, in versions 1 and 2 of control groups. */
async function findController() {
  const own = await readFile('/proc/self/cgroup', 'utf8');
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  if (v1 !== undefined) {
    const files = { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes', none: '-1' };
    return { folder: path.join(CGROUP, 'memory', v1), ...files };
  }
  const v2 = /^0::(.*)$/m.exec(own)?.[1] ?? '/';
  return { folder: path.join(CGROUP, v2), limit: 'memory.max', usage: 'memory.current', none: 'max' };
}

/** The group, or why there can be none. */
export async function createMemoryGroup(name: string): Promise<MemoryGroup | string> {
  try {
    const { folder: parent, limit, usage, none } = await findController();
    const folder = path.join(parent, name);
    await mkdir(folder);
    const limitFile = path.join(folder, limit);
    await readFile(limitFile);
    return {
      prefix: ['sh', '-c', `echo $$ > ${path.join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'],
      grip(bytes) {
        const used = Number(readFileSync(path.join(folder, usage), 'utf8'));
        writeFileSync(limitFile, String(used + bytes));
      },
      release: () => writeFile(limitFile, none),
      remove: () => rmdir(folder).catch(() => undefined),
    };
  } catch (error) {
    return `A memory limit needs control groups and root: ${error instanceof Error ? error.message : String(error)}`;
  }
}
