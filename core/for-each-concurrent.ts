// A loop whose steps run concurrently, within a limit.

/**
 * Runs `step` for every item, at most `concurrency` at a time, in the order of the items.
 *
 * After a failure no further step starts, and the failure is thrown once the running steps have ended.
 */
export async function forEachConcurrent<T>(
  items: readonly T[],
  concurrency: number,
  step: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        await step(items[index] as T, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(concurrency, items.length) }, worker),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
