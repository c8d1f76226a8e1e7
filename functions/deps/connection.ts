// What a server on Node tells the app of the connection of a request. A function has none.

/** What one request and its answer took, on the wire: with headers, and compressed as they were sent. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** False where the connection ended before the answer was sent. */
  readonly isWhole: boolean;
}

/** The connection of a request. */
export interface Connection {
  /** Calls `tell` once: when the answer is sent, or the connection is gone. */
  onAnswered(tell: (traffic: Traffic) => void): void;
}
