/** What every schedule begins with: two tenants and their image, made by the code that makes them in earnest. */
import { keepImage } from '../../src/db/image-changes.ts';
import { createNetwork, defaultNetworkRow } from '../../src/db/networks.ts';
import { withSystem } from '../../src/db/tenancy.ts';
import { insertTenant } from '../../src/db/tenants.ts';
import type { ImageDetails } from '../../src/domain/image.ts';
import { systemActor } from '../../src/domain/principal.ts';
import { pullImage } from '../../src/providers/memory/images.ts';
import { createWorld, type MemoryWorld } from '../../src/providers/memory/world.ts';
import type { PgliteDb } from './pglite-db.ts';
import { createRandom, seededIds } from './random.ts';

export const tenantIds = ['00000000-0000-4000-a000-0000000000aa', '00000000-0000-4000-a000-0000000000bb'] as const;
export const INSTALL_ID = '00000000-0000-4000-a000-00000000000d';
export const EPOCH_MS = Date.UTC(2026, 0, 1);
const limits = { containers: 2, volumes: 1, networks: 2, images: 1 };
const reference = { domain: 'docker.io', path: 'library/app', tag: 'latest', digest: null };

/** The database's side. */
export async function populateDatabase(db: PgliteDb): Promise<void> {
  const ids = seededIds(createRandom(0, 0));
  const world = createWorld({ restartInPlace: true });
  db.setNow(EPOCH_MS);
  for (const tenantId of tenantIds) {
    const tenant = { id: tenantId, name: tenantId, limits, defaultNetwork: defaultNetworkRow(ids) };
    await withSystem(db, 'the simulation makes a tenant', (tx) => insertTenant(tx, tenant));
    const back = {
      tenantId,
      id: ids.hex64(),
      name: 'back',
      labels: {},
      internal: false,
      attachable: false,
      ipam: null,
    };
    await createNetwork(db, back, systemActor, null);
    const details = pull(world, tenantId);
    const tag = { repository: 'app', tag: 'latest' };
    await keepImage(db, { tenantId, details, repoDigests: [], tag, name: 'app', event: 'pulled', actor: systemActor });
  }
}

/** As the database knows the image. */
export const heldDetails = (tenantId: string): ImageDetails => pull(createWorld({ restartInPlace: true }), tenantId);

/** The machine's side. */
export function populateWorld(world: MemoryWorld): void {
  for (const tenantId of tenantIds) pull(world, tenantId);
}

function pull(world: MemoryWorld, tenantId: string): ImageDetails {
  const lines = pullImage(world, INSTALL_ID, { ...reference, auth: null, tenantId });
  for (;;) {
    const line = lines.next();
    if (line.done) return line.value;
  }
}
