/** Requests per tenant, counted in this process against blocks of tokens leased from the tenant's shared bucket. */
import type { Deps } from '../context.ts';
import { leaseRateTokens } from '../db/rate-buckets.ts';
import { AppError } from '../domain/errors.ts';

/** A block serves a tenth of a second at full rate: few writes, and little lost when a process stops. */
const BLOCKS_PER_SECOND = 10;
const IDLE_BLOCK_MS = 10_000;
const EMPTY_MS = 1000 / BLOCKS_PER_SECOND;

export interface RateLimiter {
  /** Takes one token; throws rate_limited. Resolves without I/O while the block lasts. */
  take(tenantId: string): Promise<void> | void;
}

interface Block {
  tokens: number;
  /** What the last lease brought, and when. */
  granted: number;
  leasedAt: number;
  lease: Promise<void> | null;
}

export function createRateLimiter(deps: Deps): RateLimiter {
  const blocks = new Map<string, Block>();
  const { ratePerSecond: perSecond, rateBurst: burst } = deps.limits;
  const wanted = Math.max(1, Math.ceil(perSecond / BLOCKS_PER_SECOND));

  async function lease(tenantId: string, block: Block): Promise<void> {
    try {
      block.granted = await leaseRateTokens(deps.db, { tenantId, class: 'requests', perSecond, burst, wanted });
      block.tokens += block.granted;
      block.leasedAt = deps.clock.now();
    } finally {
      block.lease = null;
    }
  }

  async function refill(tenantId: string, block: Block): Promise<void> {
    while (block.tokens < 1) {
      if (block.granted === 0 && deps.clock.now() - block.leasedAt < EMPTY_MS) throw tooFast();
      block.lease ??= lease(tenantId, block);
      await block.lease;
    }
    block.tokens -= 1;
  }

  return {
    take(tenantId) {
      let block = blocks.get(tenantId);
      const isIdle = block?.lease === null && deps.clock.now() - block.leasedAt > IDLE_BLOCK_MS;
      if (!block || isIdle) {
        block = { tokens: 0, granted: 0, leasedAt: Number.NEGATIVE_INFINITY, lease: null };
        blocks.set(tenantId, block);
      }
      if (block.tokens < 1) return refill(tenantId, block);
      block.tokens -= 1;
    },
  };
}

function tooFast(): AppError {
  return new AppError('rate_limited', 'Too many requests of this tenant; slow down', {
    details: { retryAfterSeconds: 1 },
  });
}
