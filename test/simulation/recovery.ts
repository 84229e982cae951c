/** After the faults: a healthy process works, hears and sweeps while time passes, until everything should be as it was asked to be. */
import { sql } from 'drizzle-orm';
import { prepare } from '../../src/db/statements.ts';
import { workOffDue } from '../support/work-off-due.ts';
import { background, hear, startSweep } from './adversary.ts';
import { brief } from './boundaries.ts';
import type { Client } from './clients.ts';
import type { ControlPlane, Fleet } from './control-plane.ts';
import type { Heard } from './machine.ts';
import type { Simulation } from './simulation.ts';
import { step } from './watchdog.ts';

const STRAY_SECONDS = 16 * 60;

export async function recover(simulation: Simulation, fleet: Fleet, clients: readonly Client[]): Promise<void> {
  const plane = fleet.add();
  // What nobody heard of during the faults, nobody ever will.
  simulation.hints.length = 0;
  while (clients.some(({ done }) => !done) && simulation.violations.length === 0) await pass(simulation, plane, 10);
  for (const seconds of simulation.machine.calmSeconds) {
    await pass(simulation, plane, seconds);
    startSweep(simulation, plane);
    await pass(simulation, plane, 1);
  }
  for (let sighting = 0; sighting < 2 && (await hasStrays(simulation)); sighting++) {
    await pass(simulation, plane, STRAY_SECONDS);
    startSweep(simulation, plane);
    await pass(simulation, plane, 1);
  }
}

/** Lets time pass, and everything due in it happen in order. */
async function pass(simulation: Simulation, plane: ControlPlane, seconds: number): Promise<void> {
  const { scheduler, machine } = simulation;
  const end = scheduler.now + seconds * 1000;
  let due: number | null = null;
  let dueAsOf = -1;
  for (let steps = 0; ; steps++) {
    // A healthy system needs far fewer steps; one that needs more never rests.
    if (steps > machine.mostSteps) simulation.violations.push('I11: it never comes to rest');
    if (simulation.violations.length > 0) return;
    const [ready] = scheduler.ready();
    if (ready) {
      scheduler.now += 1;
      await step(simulation, ready);
      continue;
    }
    const told = simulation.hints.splice(0).sort((a, b) => versionIn(a) - versionIn(b));
    const heard = new Map(told.map((hint) => [`${hint.containerId} ${hint.news}`, hint]));
    for (const hint of heard.values()) {
      background(simulation, plane, `hears of ${brief(hint.containerId)}`, () => hear(plane, hint));
    }
    // Who heard of something may be about to ask for it: time does not pass before.
    await scheduler.rest();
    if (scheduler.ready().length > 0) continue;
    if (dueAsOf !== simulation.transactions) {
      dueAsOf = simulation.transactions;
      due = await nextDue(simulation);
    }
    if (due !== null && due <= scheduler.now) {
      background(simulation, plane, 'works off what is due', () => workOffDue(plane.deps, 16));
      continue;
    }
    const next = Math.min(due ?? end, scheduler.nextAt() ?? end);
    if (next >= end) break;
    scheduler.now = Math.max(next, scheduler.now + 1);
  }
  scheduler.now = Math.max(scheduler.now, end);
}

const nextDueSql = prepare(
  sql`select ceil(extract(epoch from min(greatest(next_run_at, lease_until + interval '1 ms'))) * 1000)::float8 as at
    from containers where removed_at is null and next_run_at is not null`,
)({});

/** Of events of one moment the latest counts. */
const versionIn = (heard: Heard): number => ('version' in heard ? heard.incarnation * 1e9 + heard.version : 0);

/** When a container is due and free to be claimed, in milliseconds; null when none will be. */
async function nextDue(simulation: Simulation): Promise<number | null> {
  const [row] = await simulation.db.query('reconciler', nextDueSql);
  return row?.at == null ? null : Number(row.at);
}

async function hasStrays({ db }: Simulation): Promise<boolean> {
  const rows = await db.asOwner('select from strays limit 1');
  return rows.length > 0;
}
