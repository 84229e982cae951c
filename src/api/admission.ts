/** What decides, for every door alike, who may come in and how much of it: one of each per process. */
import type { Deps } from '../context.ts';
import { type Authenticator, createAuthenticator } from '../services/authentication.ts';
import { createRateLimiter, type RateLimiter } from '../services/rate-limits.ts';
import { createStreams, type Streams } from '../services/streams.ts';

export interface Admission {
  authenticator: Authenticator;
  limiter: RateLimiter;
  streams: Streams;
}

export function createAdmission(deps: Deps): Admission {
  const authenticator = createAuthenticator(deps);
  return { authenticator, limiter: createRateLimiter(deps), streams: createStreams(deps, authenticator) };
}
