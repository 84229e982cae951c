import { expect, test } from 'vitest';
import type { Container } from '../../src/domain/container.ts';
import { createSnapshots } from '../../src/domain/snapshots.ts';

const snapshot = (id: string, fence = 1) => ({ container: { id, tenantId: 'acme' } as Container, fence });

test('a snapshot is handed out once, and only to its tenant', () => {
  const snapshots = createSnapshots(2);
  snapshots.keep(snapshot('a'));
  expect(snapshots.take('others', 'a')).toBeNull();
  expect(snapshots.take('acme', 'a')).toEqual(snapshot('a'));
  expect(snapshots.take('acme', 'a')).toBeNull();
});

test('the latest are kept', () => {
  const snapshots = createSnapshots(2);
  for (const kept of [snapshot('a'), snapshot('b'), snapshot('a', 2), snapshot('c')]) snapshots.keep(kept);
  expect(snapshots.take('acme', 'b')).toBeNull();
  expect(snapshots.take('acme', 'a')?.fence).toBe(2);
  expect(snapshots.take('acme', 'c')).not.toBeNull();
});
