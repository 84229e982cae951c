/** Many creates at once against a quota that has room for few: exactly as many as fit, in every round. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestClient } from '../support/client.ts';
import type { Replicas } from '../support/replicas.ts';
import { withReplicas } from './replicated.ts';
import type { Setting, Verdict } from './trial.ts';

export const raceSize = 500;
export const raceQuota = 50;

/** One round, in a tenant of its own, over all doors; answers what was wrong. */
export async function raceOnce(replicas: Replicas, tenant: string): Promise<string[]> {
  const clientAt = await replicas.admit(tenant, { containers: raceQuota });
  const racers = Array.from({ length: raceSize }, (_, number) =>
    createOne(clientAt(number), { image: replicas.image, name: `racer-${number}` }),
  );
  const answers = Object.groupBy(await Promise.all(racers), (answer) => answer);
  const { quotas } = await replicas.operator.expect<TenantAnswer>(200, 'GET', `/v1/tenants/${tenant}`);
  const page = await clientAt(0).expect<{ items: unknown[] }>(200, 'GET', '/v1/containers?limit=1000');
  const counts = Object.entries(answers).map(([answer, all]) => `${all?.length} ${answer}`);
  const found = [...counts.sort(), `used ${quotas.containers.used}`, `listed ${page.items.length}`].join(', ');
  const expected = `${raceSize - raceQuota} refused, ${raceQuota} made, used ${raceQuota}, listed ${raceQuota}`;
  return found === expected ? [] : [`${tenant}: ${found}; instead of ${expected}`];
}

interface TenantAnswer {
  quotas: { containers: { used: number } };
}

/** What became of it in the end. A database that does not answer in time is asked again, by a name that is made only once. */
async function createOne(client: TestClient, wanted: { image: string; name: string }): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const answer = await client.send('POST', '/v1/containers', wanted);
    const { code = '' } = (await answer.json()) as { code?: string };
    if (answer.status === 201 || (attempt > 1 && code === 'conflict')) return 'made';
    if (code === 'limit') return 'refused';
    if (code !== 'unavailable') return `answered ${answer.status} ${code}`;
    await sleep(100 * attempt);
  }
}

/** `npm run chaos -- --quota-rounds N` */
export function quotaRounds({ count, ...setting }: Setting): Promise<Verdict> {
  return withReplicas(2, setting, async (replicas) => {
    const violations: string[] = [];
    for (let round = 1; round <= count; round++) violations.push(...(await raceOnce(replicas, `round-${round}`)));
    return { summary: [`${count} rounds of ${raceSize} parallel creates at a quota of ${raceQuota}`], violations };
  });
}
