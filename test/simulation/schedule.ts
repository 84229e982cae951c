/** One schedule: a fresh world, two tenants' clients against several processes under faults, then calm, then the verdict. */
import { keepImage } from '../../src/db/image-changes.ts';
import { defaultNetworkRow } from '../../src/db/networks.ts';
import { withSystem } from '../../src/db/tenancy.ts';
import { insertTenant } from '../../src/db/tenants.ts';
import { systemActor } from '../../src/domain/principal.ts';
import { pullImage } from '../../src/providers/memory/images.ts';
import { Adversary, drawTemper, drawWeather } from './adversary.ts';
import { calm } from './boundaries.ts';
import { startClient } from './clients.ts';
import { checkAtRest } from './invariants.ts';
import { seededIds } from './random.ts';
import { recover } from './recovery.ts';
import type { TraceLine } from './scheduler.ts';
import { INSTALL_ID, Simulation, type SimulationOptions } from './simulation.ts';

export interface Verdict {
  /** Empty: every invariant held. */
  violations: string[];
  trace: TraceLine[];
}

const MOST_MOVES = 1500;
const tenants = ['00000000-0000-4000-a000-0000000000aa', '00000000-0000-4000-a000-0000000000bb'];

export async function runSchedule(options: SimulationOptions): Promise<Verdict> {
  const simulation = new Simulation(options);
  const { random, scheduler } = simulation;
  await options.db.clear();
  await populate(simulation);

  const adversary = new Adversary(simulation, drawTemper(random));
  simulation.weather = drawWeather(random);
  for (let count = 2 + random.below(2); count > 0; count--) simulation.addPlane();
  const clients = tenants.flatMap((tenantId, tenant) =>
    Array.from({ length: 1 + random.below(2) }, (_, index) =>
      startClient(simulation, tenantId, `${'ab'[tenant]}${index}`, 1 + random.below(4)),
    ),
  );

  const { violations } = simulation;
  const goesOn = () => violations.length === 0 && clients.some(({ done }) => !done);
  for (let moves = 0; moves < MOST_MOVES && goesOn(); moves++) await adversary.move();
  if (violations.length === 0) {
    scheduler.note('outside', 'the faults END');
    simulation.weather = calm;
    adversary.release();
    await recover(simulation, clients);
  }
  if (violations.length === 0) violations.push(...(await checkAtRest(simulation, clients)));
  return { violations, trace: scheduler.trace };
}

/** Two tenants, each with an image, made by the code that makes them in earnest. */
async function populate(simulation: Simulation): Promise<void> {
  const { db, world } = simulation;
  const ids = seededIds(simulation.random);
  simulation.tick();
  for (const id of tenants) {
    const limits = { containers: 2, volumes: 1, networks: 1, images: 1 };
    const tenant = { id, name: id, limits, defaultNetwork: defaultNetworkRow(ids) };
    await withSystem(db, 'the simulation makes a tenant', (tx) => insertTenant(tx, tenant));
    const pull = pullImage(world, INSTALL_ID, {
      domain: 'docker.io',
      path: 'library/app',
      tag: 'latest',
      digest: null,
      auth: null,
      tenantId: id,
    });
    let step = pull.next();
    while (!step.done) step = pull.next();
    const tag = { repository: 'app', tag: 'latest' };
    await keepImage(db, {
      tenantId: id,
      details: step.value,
      repoDigests: [],
      tag,
      name: 'app',
      event: 'pulled',
      actor: systemActor,
    });
  }
}
