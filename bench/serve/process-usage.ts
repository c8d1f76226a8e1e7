// Processor time and memory of a process and of all its descendants, from Linux's /proc.

import { readdir, readFile } from 'node:fs/promises';

/** What a tree of processes has used and holds. */
export interface Usage {
  /** Processor time since each was started, in milliseconds. */
  readonly processorMs: number;
  /** Memory that is theirs, shared pages divided among their users (PSS), in bytes. */
  readonly memoryBytes: number;
}

/** Linux's clock tick, 1/100 s on every machine that Node runs on. */
const TICK_MS = 10;
const KIB = 1024;

async function readStat(
  pid: number,
): Promise<{ readonly parent: number; readonly processorMs: number } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The program's name, in parentheses, may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, parent] = fields;
  return { parent: Number(parent), processorMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}

async function readMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * KIB;
}

/** The usage of a process and of those that it started, and so on. Zero once they have ended. */
export async function readUsage(root: number): Promise<Usage> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const stats = new Map<number, { readonly parent: number; readonly processorMs: number }>();
  for (const pid of pids) {
    const stat = await readStat(pid);
    if (stat !== undefined) stats.set(pid, stat);
  }
  const isOwn = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = stats.get(at)?.parent) {
      if (at === root) return true;
    }
    return false;
  };
  let usage: Usage = { processorMs: 0, memoryBytes: 0 };
  for (const [pid, { processorMs }] of stats) {
    if (!isOwn(pid)) continue;
    usage = {
      processorMs: usage.processorMs + processorMs,
      memoryBytes: usage.memoryBytes + (await readMemory(pid)),
    };
  }
  return usage;
}
