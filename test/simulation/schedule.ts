/** One schedule: a fresh world, two tenants' clients against several processes under faults, then calm, then the verdict. */
import { Adversary, drawTemper, drawWeather } from './adversary.ts';
import { calm } from './boundaries.ts';
import { startClient } from './clients.ts';
import { Fleet } from './control-plane.ts';
import { checkAtRest } from './invariants.ts';
import { tenantIds } from './population.ts';
import { recover } from './recovery.ts';
import type { TraceLine } from './scheduler.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

export interface Verdict {
  /** Empty: every invariant held. */
  violations: string[];
  trace: TraceLine[];
}

export async function runSchedule(options: SimulationOptions): Promise<Verdict> {
  const simulation = await Simulation.open(options);
  try {
    return await runIn(simulation);
  } finally {
    await simulation.machine.close();
  }
}

async function runIn(simulation: Simulation): Promise<Verdict> {
  const { random, scheduler, machine } = simulation;
  await simulation.db.reset();

  const fleet = new Fleet(simulation);
  const adversary = new Adversary(simulation, fleet, drawTemper(random));
  simulation.weather = drawWeather(random);
  for (let count = 2 + random.below(2); count > 0; count--) fleet.add();
  const clients = tenantIds.flatMap((tenantId, tenant) =>
    Array.from({ length: 1 + random.below(2) }, (_, index) =>
      startClient(simulation, fleet, { tenantId, name: `${'ab'[tenant]}${index}`, wishes: 1 + random.below(4) }),
    ),
  );

  const { violations } = simulation;
  const goesOn = () => violations.length === 0 && clients.some(({ done }) => !done);
  for (let moves = 0; moves < machine.mostMoves && goesOn(); moves++) await adversary.move();
  if (violations.length === 0) {
    scheduler.note('outside', 'the faults END');
    simulation.weather = calm;
    adversary.release();
    await recover(simulation, fleet, clients);
  }
  if (violations.length === 0) violations.push(...(await checkAtRest(simulation, clients)));
  violations.push(...machine.defects());
  return { violations, trace: scheduler.trace };
}
