/** Many creates at once against a quota that has room for few: exactly as many as fit, in every round. */
import type { Replicas } from '../support/replicas.ts';
import { withReplicas } from './replicated.ts';
import type { Setting, Verdict } from './trial.ts';

export const raceSize = 500;
export const raceQuota = 50;

/** One round, in a tenant of its own, over all doors; answers what was wrong. */
export async function raceOnce(replicas: Replicas, tenant: string): Promise<string[]> {
  const clientAt = await replicas.admit(tenant, { containers: raceQuota });
  const create = async (number: number) => {
    const wanted = { image: replicas.image, name: `racer-${number}` };
    const answer = await clientAt(number).send('POST', '/v1/containers', wanted);
    const { code = '' } = (await answer.json()) as { code?: string };
    return `${answer.status} ${code}`;
  };
  const answers = await Promise.all(Array.from({ length: raceSize }, (_, number) => create(number)));
  const count = (wanted: string) => answers.filter((answer) => answer === wanted).length;
  const { quotas } = await replicas.operator.expect<{ quotas: { containers: object } }>(
    200,
    'GET',
    `/v1/tenants/${tenant}`,
  );
  const page = await clientAt(0).expect<{ items: unknown[] }>(200, 'GET', '/v1/containers?limit=1000');
  const describe = (made: number, refused: number, quota: object, listed: number) =>
    `${made} made, ${refused} refused for the quota ${JSON.stringify(quota)}, ${listed} listed`;
  const found = describe(count('201 '), count('403 limit'), quotas.containers, page.items.length);
  const expected = describe(raceQuota, raceSize - raceQuota, { used: raceQuota, limit: raceQuota }, raceQuota);
  return found === expected ? [] : [`${tenant}: ${found} instead of ${expected}`];
}

/** `npm run chaos -- --quota-rounds N` */
export function quotaRounds({ count }: Setting): Promise<Verdict> {
  return withReplicas(2, async (replicas) => {
    const violations: string[] = [];
    for (let round = 1; round <= count; round++) violations.push(...(await raceOnce(replicas, `round-${round}`)));
    return { summary: [`${count} rounds of ${raceSize} parallel creates at a quota of ${raceQuota}`], violations };
  });
}
