/**
 * Where a control-plane process can be interrupted: before and after each transaction and each provider call. There the
 * scheduler may run others, stop the process for ever or for long, and calls may fail or lose their answer.
 */
import type { Db, Statement } from '../../src/db/client.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Faults } from '../../src/providers/memory/faults.ts';
import type { Observation } from '../../src/providers/provider.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export interface Weather {
  /** Chance that a transaction is refused, or that its commit is not answered. */
  databaseOutage: number;
  /** Chance that a provider call fails before its effect. */
  providerError: number;
  /** Chance that the answer of a provider call is lost after its effect. */
  lostReply: number;
  /** Chance that an observation is an old one, where the provider orders its answers. */
  staleAnswer: number;
}

export const calm: Weather = { databaseOutage: 0, providerError: 0, lostReply: 0, staleAnswer: 0 };

export interface BoundaryContext {
  scheduler: Scheduler;
  random: Random;
  owner: Owner;
  /** Read at each call: it turns calm at the end. */
  weather(): Weather;
}

/** @param tick called before each transaction, which then happens at the scheduler's time */
export function interruptibleDb(db: Db, context: BoundaryContext, tick: () => void): Db {
  const { scheduler, random, owner, weather } = context;
  const around = async <T>(label: string, effect: () => Promise<T>): Promise<T> => {
    await scheduler.point(owner, label);
    if (random.chance(weather().databaseOutage)) throw outage(scheduler, owner, 'refused');
    tick();
    const result = await effect();
    await scheduler.point(owner, `${label} → committed`);
    if (random.chance(weather().databaseOutage)) throw outage(scheduler, owner, 'commit not answered');
    return result;
  };
  return {
    query: (role, statement) => around(describe(statement), () => db.query(role, statement)),
    batch: (role, statements, check) =>
      around(statements.map(describe).join(' + '), () => db.batch(role, statements, check)),
    transaction: (role, run) => around(`transaction of ${role}`, () => db.transaction(role, run)),
    close: async () => {},
  };
}

export function interruptibleCalls(context: BoundaryContext, isLate: (key: string) => boolean): Faults {
  const { scheduler, random, owner, weather } = context;
  return {
    before: async ({ name, key }) => {
      await scheduler.point(owner, `${name} ${brief(key)}`);
      if (random.chance(weather().providerError)) {
        const code = random.pick(['unavailable', 'rate_limited', 'internal'] as const);
        scheduler.note(owner.name, `${name} fails: ${code}`);
        throw new AppError(code, 'The provider failed, as simulated.');
      }
    },
    after: async ({ name, key }) => {
      await scheduler.point(owner, `${name} ${brief(key)} → answered`);
      if (random.chance(weather().lostReply)) {
        scheduler.note(owner.name, `${name} loses its answer`);
        throw new AppError('timeout', 'The provider did not answer, as simulated.');
      }
    },
    answer: (key, history) => {
      const truth = history.at(-1) ?? ({ kind: 'absent' } as const);
      if (!isVersioned(truth) || !random.chance(weather().staleAnswer)) return truth;
      const candidates = history.filter(({ kind }) => kind === 'present' || isLate(key));
      const answer = random.pick(candidates);
      if (answer !== truth) scheduler.note(owner.name, `is shown the past of ${brief(key)}: ${outline(answer)}`);
      return answer;
    },
  };
}

const isVersioned = (seen: Observation) => seen.kind === 'present' && seen.version !== null;

const outline = (seen: Observation) => (seen.kind === 'absent' ? 'absent' : `${seen.phase} v${seen.version}`);

function outage(scheduler: Scheduler, owner: Owner, what: string): AppError {
  scheduler.note(owner.name, `the database fails: ${what}`);
  return new AppError('unavailable', 'The database is not available, as simulated.', {
    details: { retryAfterSeconds: 1 },
  });
}

/** Long hexadecimal ids shortened, for traces. */
export const brief = (text: string | null) => (text ?? '').replaceAll(/[0-9a-f]{12,}/g, (hex) => hex.slice(0, 6));

const statementNames: [RegExp, string][] = [
  [/insert into containers/, 'accept create'],
  [/update containers set generation = generation/, 'accept verb'],
  [/skip locked/, 'claim'],
  [/update containers set incarnation/, 'record'],
  [/set next_run_at = least/, 'nudge'],
  [/^select set_config/, 'tenant'],
];

function describe({ text, params }: Statement): string {
  const name = statementNames.find(([pattern]) => pattern.test(text))?.[1] ?? text.replaceAll(/\s+/g, ' ').slice(0, 60);
  const subject = params.find((value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value));
  return `${name} ${brief(String(subject ?? ''))}`.trim();
}
