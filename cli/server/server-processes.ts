// Several processes of the same command that share one port: Node's cluster gives each new connection to the next one. Knows nothing of
// what they serve.

import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalServerOptions } from '../../functions/local-server.ts';

/** What a process is told before it starts to serve. */
export type ServerShare = NonNullable<LocalServerOptions['share']>;
type ProcessExchange = NonNullable<ServerShare['exchange']>;
type Told = Awaited<ReturnType<ProcessExchange['ask']>>[number];

/** What the starting process sends before a process serves. */
interface SentShare extends Omit<ServerShare, 'exchange'> {
  readonly inherited?: unknown;
}
/** Asks the starting process what all tell; or, from it, what one tells. */
interface Question {
  readonly ask: number;
}
/** What one process tells. */
interface Telling {
  readonly tell: number;
  readonly value: unknown;
}
/** What all tell. */
interface Answers {
  readonly answers: number;
  readonly told: readonly Told[];
}

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

/** Where one process serves after the other. */
interface Place {
  serving: Worker | undefined;
  /** What a process told there last. */
  told: unknown;
}

const SECRET_BYTES = 32;
/** Before another process takes the place of one that was lost. */
const RESTART_MS = 1000;
/** How long a process that is asked may take to tell. */
const TELL_MS = 5000;

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
  const [{ inherited, ...share }] = (await told) as [SentShare];
  return { share: { ...share, exchange: joinExchange(inherited) }, stopped };
}

/** This process's end of what the processes tell each other by way of the starting one. */
function joinExchange(inherited: unknown): ProcessExchange {
  let tellOwn: () => Promise<unknown> = async () => undefined;
  const waiting = new Map<number, (told: readonly Told[]) => void>();
  let asked = 0;
  process.on('message', (message: Question | Answers) => {
    if ('answers' in message) {
      waiting.get(message.answers)?.(message.told);
      waiting.delete(message.answers);
      return;
    }
    tellOwn()
      .catch(() => undefined)
      .then((value) => tell({ tell: message.ask, value } satisfies Telling));
  });
  return {
    inherited,
    answer(tell) {
      tellOwn = tell;
    },
    ask: () =>
      new Promise((resolve) => {
        const id = asked++;
        waiting.set(id, resolve);
        tell({ ask: id } satisfies Question);
      }),
  };
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
  const places: Place[] = Array.from({ length: count }, () => ({ serving: undefined, told: undefined }));
  const telling = new Map<number, (value: unknown) => void>();
  let asked = 0;

  function start(place: Place): Promise<Started | undefined> {
    const worker = cluster.fork();
    running.add(worker);
    const share: SentShare = {
      isFirst: place === places[0],
      processes: count,
      uploadSecret,
      inherited: place.told,
    };
    return new Promise((resolve) => {
      worker.once('message', () => {
        worker.once('message', (started: Started) => {
          place.serving = worker;
          worker.on('message', (message: Question | Telling) => receive(worker, message));
          resolve(started);
        });
        worker.send(share, () => undefined);
      });
      worker.once('exit', (code, signal) => {
        running.delete(worker);
        resolve(undefined);
        const hasStarted = place.serving === worker;
        if (hasStarted) place.serving = undefined;
        if (isStopping || !hasStarted) return;
        onLost({ pid: worker.process.pid, code, signal });
        void restart(place);
      });
    });
  }

  function receive(worker: Worker, message: Question | Telling): void {
    if ('tell' in message) {
      telling.get(message.tell)?.(message.value);
      return;
    }
    void Promise.all(places.map(askOne)).then((all) => {
      const told = all.filter((one) => one !== undefined);
      worker.send({ answers: message.ask, told } satisfies Answers, () => undefined);
    });
  }

  /** What the process of a place tells, or else what one told there last. */
  function askOne(place: Place): Promise<Told | undefined> {
    const id = asked++;
    return new Promise((resolve) => {
      const end = (value?: unknown) => {
        clearTimeout(timer);
        telling.delete(id);
        if (value !== undefined) place.told = value;
        resolve(place.told === undefined ? undefined : { value: place.told, isCurrent: value !== undefined });
      };
      const timer = setTimeout(end, TELL_MS);
      telling.set(id, end);
      if (place.serving === undefined) end();
      else
        place.serving.send({ ask: id } satisfies Question, (error) => {
          if (error) end();
        });
    });
  }

  async function restart(place: Place): Promise<void> {
    await delay(RESTART_MS);
    if (!isStopping && (await start(place)) === undefined) await restart(place);
  }

  async function startAll(): Promise<Started | undefined> {
    const [firstPlace, ...otherPlaces] = places;
    // Alone, so that what is wrong is said once.
    const first = firstPlace && (await start(firstPlace));
    if (first === undefined || isStopping) return first;
    const others = otherPlaces.map(async (place) => {
      if ((await start(place)) === undefined) await restart(place);
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
