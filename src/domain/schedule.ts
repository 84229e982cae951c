/** What wakes the background every minute where no process works there all the time. */
export interface Schedule {
  /** Repeatable, as is its opposite. Either may have had its effect when it fails. Throws `unavailable`. */
  enable(signal: AbortSignal): Promise<void>;
  disable(signal: AbortSignal): Promise<void>;
}
