// One model on several threads, each with a session of its own: as many pictures are computed at once as there are lanes.

import type { OpenOnnxSession } from './onnx-session.ts';
import { type SessionThread, startSessionThread, type ThreadSession } from './session-thread.ts';

/** One is decoded while the other is computed: a seventh more answers on two cores than with one at a time. */
export const PICTURES_PER_LANE = 2;
/** The largest sum of ONNX files that one model may have open on several lanes, in bytes: a gigabyte and a half of memory. */
export const MODEL_MAX_BYTES = 400 * 1024 * 1024;

/** How many threads, and how much of them one model may take. */
export interface SessionLanesOptions {
  /** Number of lanes, at least 1. */
  readonly lanes: number;
  /** Bytes of ONNX files that one model may have open, its file counted once for each session. It always has one session. */
  readonly maxBytes: number;
}

/**
 * Makes threads, shared by all models, and gives the function that opens models on them. The first thread starts at once, so that the first
 * prediction does not wait for it; the others start when they are needed.
 *
 * A model has a session on each lane, or on fewer where it is large; then each session computes on several cores. The first is open when
 * the function returns. The others open behind it, and until then the first computes for them. Run with the number of a lane.
 */
export function createSessionLanes({ lanes, maxBytes }: SessionLanesOptions): OpenOnnxSession {
  const threads: (SessionThread | undefined)[] = [];
  const threadOf = (lane: number): SessionThread => {
    const running = threads[lane];
    if (running !== undefined && !running.hasEnded) return running;
    const started = startSessionThread();
    threads[lane] = started;
    return started;
  };
  threadOf(0).prepare();
  let models = 0;

  return async (onnx, options) => {
    const count = Math.max(1, Math.min(lanes, Math.floor(maxBytes / Math.max(1, onnx.byteLength))));
    const ofOne = { ...options, intraOpNumThreads: Math.max(1, Math.floor(lanes / count)) };
    // Models with fewer sessions than lanes share the threads out among themselves.
    const firstLane = count === lanes ? 0 : models++;
    const openAt = (place: number) => threadOf((firstLane + place) % lanes).open(onnx, ofOne);
    const first = await openAt(0);
    const sessions: ThreadSession[] = [first];
    const sessionOf = (lane: number) => sessions[lane % count] ?? first;
    const others = Promise.allSettled(
      Array.from({ length: count - 1 }, async (_, at) => {
        sessions[at + 1] = await openAt(at + 1);
      }),
    );
    return {
      inputNames: first.inputNames,
      outputNames: first.outputNames,
      sessions: count,
      run: (run, lane = 0) => sessionOf(lane).run(run),
      runPicture: (picture, lane = 0) => sessionOf(lane).runPicture(picture),
      async release() {
        await others;
        await Promise.all(sessions.map((session) => session.release()));
      },
    };
  };
}
