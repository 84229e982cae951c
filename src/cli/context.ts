/** What a command gets of the process that it runs in, and how it says that it was called wrongly. */

export interface CliContext {
  env: Record<string, string | undefined>;
  /** One line, on standard output. */
  print(line: string): void;
  /** Aborts when the user wants to stop. */
  signal: AbortSignal;
}

/** Its message is all that the user is told. */
export class UsageError extends Error {}
