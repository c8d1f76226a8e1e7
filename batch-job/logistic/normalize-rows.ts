// Layer normalization of features, as a network with it in front of its classifier computes it.

/**
 * Gives each row the mean 0 and the variance 1, in place.
 * @param epsilon added to the variance.
 */
export function normalizeRows(values: Float32Array, width: number, epsilon: number): void {
  for (let start = 0; start < values.length; start += width) {
    const row = values.subarray(start, start + width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < width; i++) row[i] = factor * ((row[i] as number) - mean);
  }
}
