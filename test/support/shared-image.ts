/** Makes an image of the provider usable by every tenant, as the operator's list of shared images does. */
import postgres from 'postgres';
import { connectionOptions } from '../../src/db/client.ts';
import { familiarRepository, type ImageDetails, parseImageReference } from '../../src/domain/image.ts';
import { SHARED_TENANT_ID } from '../../src/domain/principal.ts';
import type { Provider } from '../../src/providers/provider.ts';

/** @param databaseUrl the superuser's: the shared tenant's rows belong to nobody who could log in */
export async function shareImage(databaseUrl: string, provider: Provider, reference: string): Promise<void> {
  const { id, ...details } = await findDetails(provider, reference);
  const parsed = parseImageReference(reference);
  const sql = postgres({ ...connectionOptions(databaseUrl), max: 1 });
  try {
    await sql`insert into images (tenant_id, id, details) values (${SHARED_TENANT_ID}, ${id}, ${sql.json({ id, ...details })})`;
    await sql`insert into image_tags (tenant_id, repository, tag, image_id)
      values (${SHARED_TENANT_ID}, ${familiarRepository(parsed)}, ${parsed.tag ?? 'latest'}, ${id})`;
  } finally {
    await sql.end();
  }
}

/** In memory nothing is there before it was pulled. */
async function findDetails(provider: Provider, reference: string): Promise<ImageDetails> {
  const options = { signal: AbortSignal.timeout(30_000) };
  if (provider.name !== 'memory') return provider.images.inspect(reference, options);
  const pull = provider.images.pull(
    { ...parseImageReference(reference), auth: null, tenantId: SHARED_TENANT_ID },
    options,
  );
  for (;;) {
    const step = await pull.next();
    if (step.done) return step.value;
  }
}
