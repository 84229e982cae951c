/** Chooses what happens next while the faults last: whose turn it is, what breaks, what is heard, how time passes. */

import { AppError } from '../../src/domain/errors.ts';
import { heedEvents } from '../../src/reconcile/events.ts';
import { takeHint } from '../../src/reconcile/hints.ts';
import { sweep } from '../../src/reconcile/sweep.ts';
import { workOffDue } from '../support/work-off-due.ts';
import { brief, type Weather } from './boundaries.ts';
import type { ControlPlane, Fleet } from './control-plane.ts';
import type { Heard } from './machine.ts';
import type { Random } from './random.ts';
import type { Simulation } from './simulation.ts';
import { step } from './watchdog.ts';

/** Chances of each kind of move per step. Every schedule has tempers of its own: some faults often, others never. */
export interface Temper {
  crash: number;
  freeze: number;
  exit: number;
  vanish: number;
  hear: number;
  work: number;
  sweep: number;
  jump: number;
  /** Of a hint that is heard: that it stays to be heard again, or is gone unheard. */
  repeat: number;
  deaf: number;
}

export function drawTemper(random: Random): Temper {
  const rate = (most: number) => (random.chance(0.6) ? random.next() * most : 0);
  return {
    crash: rate(0.02),
    freeze: rate(0.02),
    exit: rate(0.01),
    vanish: rate(0.004),
    hear: rate(0.1),
    work: 0.02 + rate(0.1),
    sweep: rate(0.01),
    jump: rate(0.02),
    repeat: rate(0.4),
    deaf: rate(0.8),
  };
}

export function drawWeather(random: Random): Weather {
  const rate = (most: number) => (random.chance(0.5) ? random.next() * most : 0);
  return { databaseOutage: rate(0.03), providerError: rate(0.1), lostReply: rate(0.15), staleAnswer: rate(0.5) };
}

export class Adversary {
  readonly #simulation: Simulation;
  readonly #fleet: Fleet;
  readonly #temper: Temper;
  readonly #frozen: { plane: ControlPlane; until: number }[] = [];

  constructor(simulation: Simulation, fleet: Fleet, temper: Temper) {
    this.#simulation = simulation;
    this.#fleet = fleet;
    this.#temper = temper;
  }

  /** One move; everything waits again when it resolves. */
  async move(): Promise<void> {
    const { scheduler, random } = this.#simulation;
    scheduler.now += 1;
    this.#thaw();
    const temper = this.#temper;
    let roll = random.next();
    const falls = (chance: number) => {
      roll -= chance;
      return roll < 0;
    };
    if (falls(temper.crash)) return this.#crash();
    if (falls(temper.freeze)) return this.#freeze();
    if (falls(temper.exit)) return this.#exit();
    if (falls(temper.vanish)) return this.#vanish();
    if (falls(temper.hear)) return this.#hear();
    if (falls(temper.work)) return this.#work();
    if (falls(temper.sweep)) return this.#sweep();
    if (falls(temper.jump)) {
      scheduler.now += random.below(90_000);
      return;
    }
    const ready = scheduler.ready();
    if (ready.length > 0) return step(this.#simulation, random.pick(ready));
    this.#wait();
  }

  /** Faults are over: who was frozen wakes up, long after its time. */
  release(): void {
    for (const { plane } of this.#frozen.splice(0)) this.#wake(plane);
  }

  #crash(): void {
    const plane = this.#pickPlane();
    this.#simulation.scheduler.note(plane.name, 'CRASHES');
    plane.die();
    this.#fleet.add();
  }

  #freeze(): void {
    const { scheduler, random } = this.#simulation;
    const plane = this.#pickPlane();
    const ms = random.chance(0.3) ? random.below(10_000) : random.below(300_000);
    scheduler.note(plane.name, `FREEZES for ${ms} ms`);
    plane.state = 'frozen';
    this.#frozen.push({ plane, until: scheduler.now + ms });
    if (this.#fleet.alive.length === 0) this.#fleet.add();
  }

  #thaw(): void {
    const { now } = this.#simulation.scheduler;
    const due = this.#frozen.findIndex(({ until }) => until <= now);
    if (due !== -1) for (const { plane } of this.#frozen.splice(due, 1)) this.#wake(plane);
  }

  #wake(plane: ControlPlane): void {
    this.#simulation.scheduler.note(plane.name, 'wakes from its freeze');
    plane.state = 'alive';
  }

  #exit(): void {
    const { machine, scheduler } = this.#simulation;
    const key = machine.exitOne();
    if (key !== null) scheduler.note('outside', `${brief(key)} DIES on its own`);
  }

  #vanish(): void {
    const { machine, scheduler } = this.#simulation;
    const key = machine.takeOne();
    if (key !== null) scheduler.note('outside', `${brief(key)} VANISHES`);
  }

  /** Hints come in any order, again, or never. */
  #hear(): void {
    const simulation = this.#simulation;
    const { random, hints } = simulation;
    const index = random.below(hints.length);
    const hint = hints[index];
    if (!hint) return;
    if (!random.chance(this.#temper.repeat)) hints.splice(index, 1);
    if (random.chance(this.#temper.deaf)) return;
    const plane = this.#pickPlane();
    background(simulation, plane, `hears of ${brief(hint.containerId)}`, () => hear(plane, hint));
  }

  #work(): void {
    const plane = this.#pickPlane();
    const limit = 1 + this.#simulation.random.below(3);
    background(this.#simulation, plane, 'works off what is due', () => workOffDue(plane.deps, limit));
  }

  #sweep(): void {
    const plane = this.#pickPlane();
    startSweep(this.#simulation, plane);
  }

  /** Nobody can go on: time passes until somebody can. */
  #wait(): void {
    const { scheduler } = this.#simulation;
    const times = [...this.#frozen.map(({ until }) => until), scheduler.nextAt() ?? scheduler.now + 1000];
    scheduler.now = Math.max(scheduler.now, Math.min(...times));
  }

  #pickPlane(): ControlPlane {
    return this.#simulation.random.pick(this.#fleet.alive);
  }
}

/** As a hint, or as an event with a version, whichever the machine's provider tells. */
export const hear = ({ deps }: ControlPlane, heard: Heard): Promise<unknown> =>
  'version' in heard ? heedEvents(deps, [heard]) : takeHint(deps, heard);

export function startSweep(simulation: Simulation, plane: ControlPlane): void {
  if (simulation.mutant?.sweeps === false) return;
  background(simulation, plane, 'sweeps', () => sweep(plane.deps, new AbortController().signal));
}

/** Starts what nobody waits for. Failing for a simulated reason is its right; for another it is a defect. */
export function background(
  simulation: Simulation,
  plane: ControlPlane,
  what: string,
  run: () => Promise<unknown>,
): void {
  simulation.scheduler.note(plane.name, what);
  run().catch((error: unknown) => {
    if (!(error instanceof AppError)) simulation.defects.push(error);
  });
}
