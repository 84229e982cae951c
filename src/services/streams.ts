/** The open streams of every tenant in this process: how many it may have, and that none outlives its client or its key. */
import type { Ctx, Deps } from '../context.ts';
import type { Authenticator } from './authentication.ts';

/** Together with the authenticator's cache below the 5 s within which a revocation must act. */
const KEY_CHECK_MS = 500;

export interface OpenStream {
  /** Aborts when the client goes away, the key stops working, or `end` is called; with the reason of the request's, if that was it. */
  readonly signal: AbortSignal;
  /** Gives the place back. Repeatable. */
  end(): void;
}

export interface Streams {
  /** Throws rate_limited when the tenant has all of its places open. */
  open(ctx: Ctx): OpenStream;
}

export function createStreams(deps: Deps, authenticator: Pick<Authenticator, 'isLive'>): Streams {
  async function endWithKey(keyId: string, { signal, end }: OpenStream): Promise<void> {
    while (!signal.aborted) {
      await deps.clock.sleep(KEY_CHECK_MS, signal);
      if (!signal.aborted && !(await authenticator.isLive(keyId))) end();
    }
  }

  return {
    open(ctx) {
      const { tenantId, keyId } = ctx.principal;
      const place = deps.places.streams.take(tenantId);
      const stop = new AbortController();
      const end = () => {
        if (stop.signal.aborted) return;
        ctx.signal.removeEventListener('abort', end);
        place[Symbol.dispose]();
        stop.abort(ctx.signal.aborted ? ctx.signal.reason : undefined);
      };
      ctx.signal.addEventListener('abort', end);
      if (ctx.signal.aborted) end();
      const stream = { signal: stop.signal, end };
      void endWithKey(keyId, stream);
      return stream;
    },
  };
}
