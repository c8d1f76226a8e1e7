// Tells when a time is up.

/** A function that says whether so many milliseconds have passed since now. */
export function after(timeMs: number): () => boolean {
  const endMs = performance.now() + timeMs;
  return () => performance.now() >= endMs;
}
