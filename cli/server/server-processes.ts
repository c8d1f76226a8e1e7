// Several processes of the same command that share one port: Node's cluster gives each new connection to the next one. Knows nothing of
// what they serve.

import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalServerOptions } from '../../functions/local-server.ts';

/** What a process is told before it starts to serve. */
export type ServerShare = NonNullable<LocalServerOptions['share']>;

/** Processes that start, or serve. */
export interface ServerProcesses<Started> {
  /** What the first one told when all had started; undefined where it does not start, of which it has said why. */
  readonly started: Promise<Started | undefined>;
  /** Tells all to stop, also those that have not started, and waits for their ends. */
  stop(): Promise<void>;
}

/** How many processes to start, and who is told that one has ended by itself. */
export interface ServerProcessesOptions {
  readonly count: number;
  readonly onLost: (lost: {
    readonly pid: number | undefined;
    readonly code: number;
    readonly signal: string;
  }) => void;
}

const SECRET_BYTES = 32;
/** Before another process takes the place of one that was lost. */
const RESTART_MS = 1000;

/** Whether this process is one of several, and has to ask {@link receiveShare}. */
export const isServerProcess = (): boolean => cluster.isWorker;

/** What the starting process tells this one. */
export interface ReceivedShare {
  readonly share: ServerShare;
  /** Resolves when it says that this one should stop. */
  readonly stopped: Promise<unknown>;
}

/** Waits for what the starting process tells this one. */
export async function receiveShare(): Promise<ReceivedShare> {
  // Ctrl-C at a terminal reaches every process, and the starting one tells the others to stop.
  process.on('SIGINT', () => undefined);
  const stopped = once(process, 'SIGTERM');
  const told = once(process, 'message');
  // Not before this process listens: what loads its sources may listen, too.
  tell('ready');
  const [share] = (await told) as [ServerShare];
  return { share, stopped };
}

/** Tells the starting process that this one serves. */
export const tellStarted = (started: object): void => tell(started);

/** Where the starting process is gone, this one ends anyway. */
const tell = (message: object | string): void =>
  void process.send?.(message, undefined, undefined, () => undefined);

/** Starts the command of this process again, so many times, and again where one is lost. */
export function startServerProcesses<Started>({
  count,
  onLost,
}: ServerProcessesOptions): ServerProcesses<Started> {
  const uploadSecret = randomBytes(SECRET_BYTES).toString('hex');
  let isStopping = false;
  const running = new Set<Worker>();

  function start(isFirst: boolean): Promise<Started | undefined> {
    const worker = cluster.fork();
    running.add(worker);
    const share: ServerShare = { isFirst, processes: count, uploadSecret };
    return new Promise((resolve) => {
      let hasStarted = false;
      worker.once('message', () => {
        worker.once('message', (started: Started) => {
          hasStarted = true;
          resolve(started);
        });
        worker.send(share, () => undefined);
      });
      worker.once('exit', (code, signal) => {
        running.delete(worker);
        resolve(undefined);
        if (isStopping || !hasStarted) return;
        onLost({ pid: worker.process.pid, code, signal });
        void restart(isFirst);
      });
    });
  }

  async function restart(isFirst: boolean): Promise<void> {
    await delay(RESTART_MS);
    if (!isStopping && (await start(isFirst)) === undefined) await restart(isFirst);
  }

  async function startAll(): Promise<Started | undefined> {
    // Alone, so that what is wrong is said once.
    const first = await start(true);
    if (first === undefined || isStopping) return first;
    const others = Array.from({ length: count - 1 }, async () => {
      if ((await start(false)) === undefined) await restart(false);
    });
    await Promise.all(others);
    return first;
  }

  return {
    started: startAll(),
    async stop() {
      isStopping = true;
      const ends = [...running].map((worker) => once(worker, 'exit'));
      for (const worker of running) worker.process.kill('SIGTERM');
      await Promise.all(ends);
    },
  };
}
