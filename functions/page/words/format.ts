// Times and names as the page shows them. Knows nothing of the API.

/** Day and time as the reader's country writes them. @param seconds Unix seconds. */
export const moment = (seconds: number): string => new Date(seconds * 1000).toLocaleString();

/** The last part of a path or key. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
