/** Ctrl-C, SIGTERM and a closed terminal, as one AbortSignal for the whole command. */

/** One Ctrl-C arrives up to three times: from the terminal, from npm and from the bootstrap. */
const sameKeystrokeMs = 1_000;

/** Aborts at the first signal; at one more, after the copies of the first, the process ends on the spot. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const interrupt = () => {
    if (first !== undefined && performance.now() - first > sameKeystrokeMs) process.exit(130);
    first ??= performance.now();
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  // A terminal that is gone cannot be told anything more; the command still ends in good order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort());
  return controller.signal;
}
