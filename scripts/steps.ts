/** What a command tells while it works: one line for each step, with how long it took. */

/** Runs one step and prints its line once it is done; `describe` says what came of it. A step that throws prints nothing. */
export async function step<T>(name: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
  const started = performance.now();
  const result = await work();
  printStep(name, performance.now() - started, describe(result));
  return result;
}

export function printStep(name: string, tookMs: number, description: string): void {
  console.log(`  ${name.padEnd(12)}${formatSeconds(tookMs).padStart(7)}  ${description}`);
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
