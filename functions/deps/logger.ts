// Structured logs: one JSON object a line. The caller decides where the lines go.

/** Writes one event; `fields` must hold no secrets and no pictures. */
type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes log events at three levels. */
export interface Logger {
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
}

/** Where lines go, and the clock for their time. */
export interface JsonLoggerDeps {
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A {@link Logger} of lines `{"time":…,"level":…,"message":…,…fields}`; an `Error` among the fields keeps its stack. */
export function createJsonLogger({ write, now }: JsonLoggerDeps): Logger {
  const logAt =
    (level: string): Log =>
    (message, fields = {}) => {
      const time = new Date(now()).toISOString();
      write(`${JSON.stringify({ time, level, message, ...fields }, replaceErrors)}\n`);
    };
  return { info: logAt('info'), warn: logAt('warn'), error: logAt('error') };
}

function replaceErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause === undefined ? {} : { cause }) };
}

const ignore: Log = () => undefined;

/** A logger that writes nothing. */
export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore };
