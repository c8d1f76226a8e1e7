// An ONNX session on a thread of its own.

import type { OpenOnnxSession } from './onnx-session.ts';
import { startSessionThread } from './session-thread.ts';

/** Opens a session on a new thread, which ends when the session is released. */
export const openThreadedSession: OpenOnnxSession = async (onnx, options) => {
  const thread = startSessionThread();
  try {
    const session = await thread.open(onnx, options);
    return {
      ...session,
      async release() {
        try {
          await session.release();
        } finally {
          await thread.end();
        }
      },
    };
  } catch (error) {
    await thread.end();
    throw error;
  }
};
