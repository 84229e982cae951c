/**
 * The Engine is stopped, killed and frozen under the customers. While it is away a change is answered 503 and its intent kept;
 * when it is back everything converges: what it took down is up again by its restart policy, or exited with the reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineApart } from './engine-apart.ts';
import type { Reply } from './exchange.ts';
import { type Setting, Trial, type Verdict } from './trial.ts';

const calmMs = 2_000;
/** Longer than the longest backoff of a restart policy. */
const convergeMs = 75_000;
/** Longer than the deadline of a provider call; only where there is time for it. */
const longFreezeMs = 25_000;
const longRound = 9;

/** By performance.now(). */
interface Outage {
  fromMs: number;
  untilMs: number;
}

export async function engineFaults(setting: Setting): Promise<Verdict> {
  const engine = await EngineApart.start();
  try {
    return await Trial.run({ ...setting, dockerHost: engine.dockerHost }, (trial) => strikeAll(trial, engine, setting));
  } finally {
    await engine.remove();
  }
}

async function strikeAll(trial: Trial, engine: EngineApart, { count }: Setting): Promise<string[]> {
  const { crowd, random } = trial;
  const outages: Outage[] = [];
  const reasons: string[] = [];
  const kill = async () => {
    await engine.signal('SIGKILL');
    crowd.shake();
    await sleep(random.below(calmMs));
    await engine.ensure();
  };
  const freeze = async () => {
    await engine.signal('SIGSTOP');
    await sleep(outages.length === longRound ? longFreezeMs : 1_000 + random.below(calmMs));
    await engine.signal('SIGCONT');
  };
  const restart = async () => {
    crowd.shake();
    await engine.signal('SIGTERM');
    await engine.ensure();
  };
  const faults = [
    { name: 'kill', strike: kill, isBusy: true },
    { name: 'freeze', strike: freeze, isBusy: true },
    { name: 'restart', strike: restart, isBusy: true },
    { name: 'kill at rest', strike: kill, isBusy: false },
  ];
  for (let round = 0; round < count && !trial.hasFailed; round++) {
    const { name, strike, isBusy } = faults[round % faults.length] as (typeof faults)[number];
    if (isBusy) crowd.begin();
    await sleep(random.below(calmMs));
    const fromMs = performance.now();
    await strike();
    outages.push({ fromMs, untilMs: performance.now() });
    await sleep(random.below(calmMs));
    await trial.rest(`${name} ${round}`, convergeMs);
    reasons.push(...(await crowd.calm()));
  }
  trial.violations.push(...crowd.errors.filter((reply) => !isExcused(reply, outages)).map(describe));
  trial.violations.push(
    ...reasons.filter((reason) => !/provider stopped/.test(reason)).map((reason) => `exited: ${reason}`),
  );
  return [
    `${outages.length} times the Engine was killed, frozen or restarted; ${reasons.length} containers came back as exited, with the reason`,
    `${crowd.acknowledged} operations acknowledged, ${crowd.errors.length} answered 503 or 504 while it was away`,
    `converged after each: ${trial.describedTimes}`,
  ];
}

/** 503 with Retry-After, or 504 for a call without an answer, of a request that met an outage. */
function isExcused({ status, retryAfter, startedMs, endedMs }: Reply, outages: readonly Outage[]): boolean {
  if (status !== 504 && (status !== 503 || retryAfter === null)) return false;
  return outages.some(({ fromMs, untilMs }) => startedMs <= untilMs && endedMs >= fromMs);
}

const describe = ({ status, text }: Reply) =>
  `answered ${status} though the Engine was there, or without Retry-After: ${text}`;
