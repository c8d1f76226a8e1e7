// Runs work in a fixed number of lanes. What finds no place in one waits: at most so many requests, served in turn by client and model, each
// until it is aborted. Knows neither HTTP nor what runs in a lane.

import { monotonicMs } from '../clock.ts';
import { FoveaError } from '../errors/errors.ts';
import { createFairQueue } from './fair-queue.ts';
import { createWaitingLimit } from './waiting-limit.ts';

/** Whose work it is, and with what. Clients take turns, and within a client its models. */
export interface LaneFlow {
  /** Name of the client, e.g. of its API key. */
  readonly client: string;
  readonly model: string;
}

/** How one request uses the lanes. */
export interface LaneTurns {
  /**
   * Runs a piece of the request's work when its turn comes. A request may ask for several pieces at once, and each takes a lane of
   * its own; requests of one flow take turns piece by piece. A piece must not ask for another and wait for it.
   * @param piece is given the number of its lane, 0 to `lanes - 1`: the one in which fewest run.
   * @throws {FoveaError} `server-busy` where the request may not wait, or has to make room for another client's. The reason of the
   *   signal where it is aborted while the piece waits; a piece that runs is not interrupted. What the piece throws.
   */
  run<T>(piece: (lane: number) => Promise<T>): Promise<T>;
}

/** How much is in hand. */
export interface LaneLoad {
  /** Requests that were admitted and have not asked for a lane yet. */
  readonly arriving: number;
  /** Requests that wait for their first lane. */
  readonly waiting: number;
  /** Pieces that run. */
  readonly running: number;
  /** Requests that were refused since the start, because too many wait. */
  readonly refused: number;
}

/** Lanes, and who may use them. */
export interface LaneScheduler {
  readonly lanes: number;
  readonly load: LaneLoad;
  /**
   * Admits a request, and gives it turns until `work` ends. It is refused at once where it would have to wait and too many wait already,
   * so ask before its body is read.
   * @param work is given a signal that is aborted with `signal`, and with `server-busy` where the request has to make room for others while
   *   it is still arriving.
   * @throws {FoveaError} `server-busy`; what `work` throws.
   */
  admit<T>(
    flow: LaneFlow,
    signal: AbortSignal | undefined,
    work: (turns: LaneTurns, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

/** Sizes of a scheduler. */
export interface LaneSchedulerOptions {
  /** At least 1. */
  readonly lanes: number;
  /** Pieces that run in one lane at once, e.g. where one is read while another is computed. Default: 1. */
  readonly piecesPerLane?: number;
  /**
   * Requests that may wait for their first lane, at least 1. Default: 16 for each lane. Where more arrive than can be
   * served, it is one for four lanes; see {@link createWaitingLimit}.
   */
  readonly maxWaiting?: number | undefined;
  /**
   * Requests that may be arriving at once: their clients are still sending. Default: four times as many as may wait. Beyond it, the oldest of
   * the client that has most makes room, or one that takes long.
   */
  readonly maxArriving?: number;
  /** Milliseconds since any fixed moment. */
  readonly clock?: () => number;
}

/** Requests that wait for one lane in a burst: a quarter of a second's work of a small network, a second's of a large one. */
const WAITING_PER_LANE = 16;
/** For how long a request may be arriving where its place is wanted, in milliseconds: 1 MB at 2 Mbit/s take as long. */
const ARRIVING_MS = 4000;

interface Ticket {
  /** `[client, model, number of the request]`. */
  readonly path: readonly [client: string, model: string, request: string];
  readonly signal: AbortSignal | undefined;
  readonly admittedMs: number;
  /** Ends the request while it is arriving. */
  readonly displaced: AbortController;
  state: 'arriving' | 'displaced' | 'waiting' | 'started' | 'refused';
  /** Pieces in the queue. */
  readonly pieces: Set<Piece>;
}

interface Piece {
  readonly ticket: Ticket;
  start(lane: number): void;
  fail(reason: unknown): void;
}

/** Makes a scheduler whose lanes are all free. */
export function createLaneScheduler(options: LaneSchedulerOptions): LaneScheduler {
  const {
    lanes,
    piecesPerLane = 1,
    maxWaiting = WAITING_PER_LANE * lanes,
    maxArriving = 4 * maxWaiting,
    clock = monotonicMs,
  } = options;
  const limit = createWaitingLimit({
    most: maxWaiting,
    // More would add more to the time of each request than it adds to the number of those that are served.
    least: Math.floor(lanes / 4),
    clock,
  });
  const runningIn = Array.from({ length: lanes }, () => 0);
  let running = 0;
  const queue = createFairQueue<Piece>();
  /** Requests that wait for their first lane, the oldest first. */
  const waiting = new Set<Ticket>();
  /** Requests in hand, by client and model. */
  const inHand = new Map<string, Map<string, number>>();
  /** Requests whose clients are still sending, the oldest first. */
  const arriving = new Set<Ticket>();
  let requests = 0;
  let refused = 0;

  const countOf = (client: string, model?: string): number => {
    const models = inHand.get(client);
    if (model !== undefined) return models?.get(model) ?? 0;
    return [...(models?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  };
  const addToHand = ({ path: [client, model] }: Ticket, change: 1 | -1) => {
    const models = inHand.get(client) ?? new Map<string, number>();
    inHand.set(client, models);
    models.set(model, (models.get(model) ?? 0) + change);
    if (models.get(model) === 0) models.delete(model);
    if (models.size === 0) inHand.delete(client);
  };

  /** The waiting request that goes first where one has to: the youngest of the model and client that have most in hand. */
  function mostDispensable(): Ticket | undefined {
    let found: Ticket | undefined;
    for (const ticket of waiting) {
      const [client, model] = ticket.path;
      const [other, otherModel] = found?.path ?? ['', ''];
      const more = countOf(client) - countOf(other) || countOf(client, model) - countOf(other, otherModel);
      if (found === undefined || more >= 0) found = ticket;
    }
    return found;
  }

  /** Whether a request of a flow may have the place of another, because its client, or its model, still has less in hand then. */
  function mayReplace({ client, model }: LaneFlow, ticket: Ticket | undefined): boolean {
    if (ticket === undefined) return false;
    const [other, otherModel] = ticket.path;
    return client === other
      ? countOf(other, otherModel) > countOf(client, model) + 1
      : countOf(other) > countOf(client) + 1;
  }

  const isFree = () => running < lanes * piecesPerLane;
  const findsLane = () => isFree() && queue.size === 0;
  /** Whether another client, or another model of the client, has more in hand. On one lane, that is the request that runs. */
  const hasLess = ({ client, model }: LaneFlow) =>
    [...inHand.keys()].some((other) => countOf(other) > countOf(client)) ||
    [...(inHand.get(client)?.values() ?? [])].some((count) => count > countOf(client, model));
  const hasRoom = (flow: LaneFlow) =>
    findsLane() ||
    waiting.size < limit.current ||
    // Where nobody may wait, lanes would go to whoever asks most often, or to the pieces of large requests.
    (waiting.size === 0 && (queue.size > 0 || hasLess(flow)));

  /** The request that has to make room for one of a client that begins to arrive. */
  function slowest(client: string): Ticket | undefined {
    const counts = new Map<string, number>();
    for (const { path } of arriving) counts.set(path[0], (counts.get(path[0]) ?? 0) + 1);
    const most = Math.max(...counts.values());
    if ((counts.get(client) ?? 0) + 1 < most)
      return [...arriving].find(({ path }) => counts.get(path[0]) === most);
    const [oldest] = arriving;
    return oldest !== undefined && clock() - oldest.admittedMs >= ARRIVING_MS ? oldest : undefined;
  }

  /** @throws {FoveaError} `server-busy`. */
  function makeRoomToArrive(client: string): void {
    if (arriving.size < maxArriving) return;
    const ticket = slowest(client);
    if (ticket === undefined) throw turnAway(tooManyArrive(maxArriving));
    ticket.state = 'displaced';
    arriving.delete(ticket);
    ticket.displaced.abort(turnAway(tooManyArrive(maxArriving)));
  }

  /** Takes a request out of the queue. */
  function dismiss(ticket: Ticket, reason: unknown): void {
    waiting.delete(ticket);
    for (const piece of ticket.pieces) {
      queue.remove(ticket.path, piece);
      piece.fail(reason);
    }
    ticket.pieces.clear();
  }

  /** The error of a request that may not wait. */
  function turnAway(error: FoveaError): FoveaError {
    refused += 1;
    return error;
  }

  function refuse(ticket: Ticket): void {
    ticket.state = 'refused';
    dismiss(ticket, turnAway(busy(maxWaiting)));
  }

  /** @throws {FoveaError} `server-busy`. */
  function assertRoom(flow: LaneFlow): void {
    if (hasRoom(flow) || mayReplace(flow, mostDispensable())) return;
    limit.refused();
    // An overload begins with a long queue, and those who would wait longest learn at once that they need not.
    while (waiting.size > Math.max(1, limit.current)) {
      const last = mostDispensable();
      if (last !== undefined) refuse(last);
    }
    throw turnAway(busy(maxWaiting));
  }

  function enter(ticket: Ticket): void {
    const [client, model] = ticket.path;
    const flow = { client, model };
    assertRoom(flow);
    if (!hasRoom(flow)) {
      const replaced = mostDispensable();
      if (replaced !== undefined) refuse(replaced);
      limit.refused();
    }
    arriving.delete(ticket);
    ticket.state = 'waiting';
    waiting.add(ticket);
    addToHand(ticket, 1);
  }

  function count(lane: number, change: 1 | -1): void {
    running += change;
    runningIn[lane] = (runningIn[lane] ?? 0) + change;
  }

  function startNext(): void {
    while (isFree()) {
      const piece = queue.take();
      if (piece === undefined) return;
      const { ticket } = piece;
      ticket.pieces.delete(piece);
      waiting.delete(ticket);
      ticket.state = 'started';
      const lane = runningIn.indexOf(Math.min(...runningIn));
      count(lane, 1);
      piece.start(lane);
    }
  }

  function run<T>(ticket: Ticket, work: (lane: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      ticket.signal?.throwIfAborted();
      ticket.displaced.signal.throwIfAborted();
      if (ticket.state === 'refused') throw busy(maxWaiting);
      if (ticket.state === 'arriving') enter(ticket);
      const piece: Piece = {
        ticket,
        start(lane) {
          // Work that throws before its first await gives its lane back, too.
          const ended = (async () => work(lane))();
          ended.then(resolve, reject).finally(() => {
            count(lane, -1);
            startNext();
          });
        },
        fail: reject,
      };
      ticket.pieces.add(piece);
      queue.push(ticket.path, piece);
      startNext();
    });
  }

  return {
    lanes,
    get load() {
      return { arriving: arriving.size, waiting: waiting.size, running, refused };
    },
    async admit(flow, signal, work) {
      limit.asked(findsLane());
      assertRoom(flow);
      makeRoomToArrive(flow.client);
      const displaced = new AbortController();
      const ticket: Ticket = {
        path: [flow.client, flow.model, String(requests++)],
        signal,
        admittedMs: clock(),
        displaced,
        state: 'arriving',
        pieces: new Set(),
      };
      const abort = () => dismiss(ticket, signal?.reason);
      signal?.addEventListener('abort', abort);
      arriving.add(ticket);
      try {
        return await work(
          { run: (piece) => run(ticket, piece) },
          signal === undefined ? displaced.signal : AbortSignal.any([signal, displaced.signal]),
        );
      } finally {
        signal?.removeEventListener('abort', abort);
        // Where one piece failed, others may still wait.
        dismiss(ticket, new Error('The request that this piece belongs to is over.'));
        if (ticket.state === 'arriving') arriving.delete(ticket);
        else if (ticket.state !== 'displaced') addToHand(ticket, -1);
      }
    },
  };
}

const busy = (limit: number) =>
  new FoveaError(
    'server-busy',
    `The server has more predictions to make than it can. At most ${limit} requests may wait, and fewer while that lasts. Send the ` +
      'request again when the time in Retry-After has passed.',
    { details: { limit } },
  );

const tooManyArrive = (limit: number) =>
  new FoveaError(
    'server-busy',
    `The server reads ${limit} requests at once, and as many are arriving; those that take long make room. Send the request again when the ` +
      'time in Retry-After has passed.',
    { details: { limit } },
  );
