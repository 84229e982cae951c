/**
 * Invariants that must hold at every instant. The database watches its own rows and commits by triggers, past all policies,
 * and says by a notice what it saw; the machine is looked at after each step.
 */
import { inspect } from 'node:util';
import { brief } from './boundaries.ts';
import type { Waiter } from './scheduler.ts';
import type { Simulation } from './simulation.ts';

export const watchdogSql = `
  create function simulation_containers() returns trigger language plpgsql as $$ begin
    if new.generation < old.generation or new.observed_generation < old.observed_generation or new.fence < old.fence
      or new.incarnation < old.incarnation or new.start_seq < old.start_seq then
      raise notice 'I7: container % went back: generation % to %, observed % to %, fence % to %, incarnation % to %', left(new.id, 6),
        old.generation, new.generation, old.observed_generation, new.observed_generation, old.fence, new.fence, old.incarnation, new.incarnation;
    end if;
    if old.removed_at is not null then raise notice 'I7: the tombstone of % was changed', left(new.id, 6); end if;
    return null;
  end $$;
  create trigger simulation_containers after update on containers for each row execute function simulation_containers();

  create function simulation_runs() returns trigger language plpgsql as $$ begin
    if new.observed_version < old.observed_version or new.started_at < old.started_at then
      raise notice 'I7: run %-% went back: version % to %, started % to %', left(new.container_id, 6), new.incarnation,
        old.observed_version, new.observed_version, old.started_at, new.started_at;
    end if;
    if old.phase in ('exited', 'gone') and new.phase in ('created', 'running', 'paused') then
      raise notice 'I7 for runs that end once: %-% was % and is % again', left(new.container_id, 6), new.incarnation, old.phase, new.phase;
    end if;
    return null;
  end $$;
  create trigger simulation_runs after update on runs for each row execute function simulation_runs();

  create function simulation_quotas() returns trigger language plpgsql security definer as $$
  declare live int; counted int; most int;
  begin
    select count(*) into live from containers where tenant_id = new.tenant_id and removed_at is null;
    select used, lim into counted, most from quotas where tenant_id = new.tenant_id and resource = 'containers';
    if live <> counted or live > most then
      raise notice 'I6: tenant % has % containers, counts %, may have %', left(new.tenant_id::text, 8), live, counted, most;
    end if;
    return null;
  end $$;
  create constraint trigger simulation_quotas after insert or update of removed_at on containers
    deferrable initially deferred for each row execute function simulation_quotas();`;

/** Lets one waiter go on and looks at the world it leaves behind. */
export async function step(simulation: Simulation, waiter: Waiter): Promise<void> {
  await simulation.scheduler.step(waiter);
  const defects = simulation.defects.map((error) => `defect: ${inspect(error)}`);
  simulation.violations.push(...watch(simulation), ...defects);
}

function watch(simulation: Simulation): string[] {
  const up = new Map<string, string[]>();
  for (const { containerId, key } of simulation.machine.up())
    up.set(containerId, [...(up.get(containerId) ?? []), key]);
  const twins = [...up.values()].filter((keys) => keys.length > 1);
  const notices = simulation.db.takeNotices().filter((text) => text.startsWith('I'));
  return [
    ...(simulation.machine.watch?.() ?? []),
    ...twins.map((keys) => `I1: two runs of one container are up: ${keys.map(brief).join(' and ')}`),
    ...notices.filter((text) => simulation.machine.endsOnce || !text.startsWith('I7 for runs that end once')),
  ];
}
