/** Medians and percentiles of samples. */

export const median = (samples: readonly number[]): number => percentile(samples, 50);

/** By nearest rank; NaN of nothing. @param rank 0 to 100 */
export function percentile(samples: readonly number[], rank: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN;
}
