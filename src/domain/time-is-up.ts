/**
 * Why a stream is asked to end that could go on: whoever carries it may not last longer. Its client comes back and goes on where
 * it was, so that such a stream ends at the end of a line, as if there were no more.
 */

/** The reason of an aborted signal. */
export const TIME_IS_UP = new DOMException('The time of this process is up', 'TimeoutError');

export const isTimeUp = (signal: AbortSignal): boolean => signal.aborted && signal.reason === TIME_IS_UP;
