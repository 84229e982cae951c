/** How much of one kind a tenant may have under way at once in this process, so that it leaves room for the others. */
import { AppError } from './errors.ts';

export interface Places {
  /** One of the tenant's places, given back by disposing of it. Throws rate_limited when all are taken. */
  take(tenantId: string): Disposable;
}

/** @param things what is limited, for the tenant to read: `pulls` */
export function createPlaces(limit: number, things: string): Places {
  const counts = new Map<string, number>();
  return {
    take(tenantId) {
      const taken = counts.get(tenantId) ?? 0;
      if (taken >= limit) {
        const message = `This tenant has ${limit} ${things} under way, as many as it may; let one end first`;
        throw new AppError('rate_limited', message, { details: { retryAfterSeconds: 5 } });
      }
      counts.set(tenantId, taken + 1);
      let isBack = false;
      return {
        [Symbol.dispose]() {
          if (isBack) return;
          isBack = true;
          const left = (counts.get(tenantId) ?? 1) - 1;
          if (left === 0) counts.delete(tenantId);
          else counts.set(tenantId, left);
        },
      };
    },
  };
}
