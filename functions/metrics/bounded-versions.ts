// Which versions of models have a series of their own among the metrics: at most so many, so that their number stays bounded.

/** A version of a model, or all that have no series of their own. */
export interface VersionLabels {
  readonly model: string;
  readonly version: string;
}

/** The labels of all other versions. No version has them: versions are numbers. */
export const OTHER: VersionLabels = { model: 'other', version: 'other' };

/** How many, and who is told. */
export interface BoundedVersionsOptions {
  readonly most: number;
  /** After so long without a prediction a version makes room for another, in milliseconds. */
  readonly idleMs: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Is told of a version whose series shall be removed. */
  readonly onRemoved: (labels: VersionLabels) => void;
}

/** Gives the labels of a version that has predicted: its own, or {@link OTHER}. */
export function createBoundedVersions({
  most,
  idleMs,
  clock,
  onRemoved,
}: BoundedVersionsOptions): (model: string, version: string) => VersionLabels {
  /** In the order of their last use. */
  const known = new Map<string, { readonly labels: VersionLabels; readonly usedMs: number }>();

  return (model, version) => {
    const id = JSON.stringify([model, version]);
    const nowMs = clock();
    const found = known.get(id);
    if (found === undefined && known.size >= most) {
      const [oldest] = known;
      if (oldest === undefined || nowMs - oldest[1].usedMs < idleMs) return OTHER;
      known.delete(oldest[0]);
      onRemoved(oldest[1].labels);
    }
    const labels = found?.labels ?? { model, version };
    known.delete(id);
    known.set(id, { labels, usedMs: nowMs });
    return labels;
  };
}
