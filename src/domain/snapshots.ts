/**
 * Containers as this process recorded them last. The next verb may be judged on one of them without reading it again, for it
 * takes effect only if nothing was claimed or accepted since: both the generation and the fence must be what they were.
 */
import type { Container } from './container.ts';

export interface Snapshot {
  container: Container;
  fence: number;
}

export interface Snapshots {
  /** Forgets it as well: whoever changes the container records a new one. */
  take(tenantId: string, id: string): Snapshot | null;
  keep(snapshot: Snapshot): void;
}

/** @param limit how many are kept, the latest ones */
export function createSnapshots(limit: number): Snapshots {
  const kept = new Map<string, Snapshot>();
  return {
    take(tenantId, id) {
      const snapshot = kept.get(id);
      if (snapshot?.container.tenantId !== tenantId) return null;
      kept.delete(id);
      return snapshot;
    },
    keep(snapshot) {
      const { id } = snapshot.container;
      kept.delete(id);
      kept.set(id, snapshot);
      const [oldest] = kept.size > limit ? kept.keys() : [];
      if (oldest !== undefined) kept.delete(oldest);
    },
  };
}
