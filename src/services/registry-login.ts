/** What of a registry has nothing to do with the tenant's images: whether a credential is good, what there is, what a name stands for. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Ctx, Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import { familiarReference, parseImageReference } from '../domain/image.ts';
import type { RegistryAuth } from '../providers/provider.ts';
import { readAnswer } from '../registry/http.ts';
import { checkRegistry } from '../registry/policy.ts';
import { openRegistry, parse, type RegistrySession, refusal } from '../registry/session.ts';
import { authorize } from './authorize.ts';

const LOOK_SECONDS = 60;

const within = (ctx: Ctx) => AbortSignal.any([ctx.signal, AbortSignal.timeout(LOOK_SECONDS * 1000)]);

/** Throws forbidden when the registry does not take the credential, unavailable. */
export async function checkLogin(deps: Deps, ctx: Ctx, domain: string, auth: RegistryAuth): Promise<void> {
  authorize(ctx.principal, 'write');
  using _place = deps.places.pulls.take(ctx.principal.tenantId);
  await checkRegistry(deps.registries, domain);
  const session = openRegistry({ policy: deps.registries, domain, auth, scope: null, signal: within(ctx) });
  const answer = await session.send({ method: 'GET', path: '/v2/' });
  answer.destroy();
  if (answer.statusCode !== 200) throw refusal(session, answer.statusCode, domain);
}

const found = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        description: z.string().nullish(),
        is_official: z.boolean().default(false),
        is_automated: z.boolean().default(false),
        star_count: z.number().default(0),
      }),
    )
    .max(1000),
});
export type FoundRepository = z.infer<typeof found>['results'][number];

/** Repositories that match a term, at docker.io or at the registry that the term begins with. */
export async function searchRegistry(
  deps: Deps,
  ctx: Ctx,
  { term, limit, auth }: { term: string; limit: number; auth: RegistryAuth | null },
): Promise<FoundRepository[]> {
  using _place = deps.places.pulls.take(ctx.principal.tenantId);
  const slash = term.indexOf('/');
  const first = slash === -1 ? '' : term.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const domain = hasHost ? first : 'docker.io';
  const words = hasHost ? term.slice(slash + 1) : term;
  await checkRegistry(deps.registries, domain);
  // The index of docker.io is another host than its registry.
  const host = domain === 'docker.io' ? 'index.docker.io' : domain;
  const session = openRegistry({ policy: deps.registries, domain: host, auth, scope: null, signal: within(ctx) });
  const query = new URLSearchParams({ q: words, n: String(limit) });
  const answer = await session.send({ method: 'GET', path: `/v1/search?${query}` });
  const body = await readAnswer(answer, host);
  if (answer.statusCode === 404) throw new AppError('unsupported', `The registry ${domain} cannot be searched`);
  const parsed = answer.statusCode === 200 ? found.safeParse(parse(body)) : null;
  if (!parsed?.success) throw refusal(session, answer.statusCode, term);
  return parsed.data.results.slice(0, limit);
}

const platform = z.object({
  architecture: z.string().default(''),
  os: z.string().default(''),
  variant: z.string().optional(),
});
const manifest = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.object({ platform: platform.optional() })).optional(),
  config: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }).optional(),
});

export interface Distribution {
  mediaType: string;
  digest: string;
  size: number;
  platforms: z.infer<typeof platform>[];
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** What a reference stands for at its registry. Throws not_found, forbidden, unavailable. */
export async function describeDistribution(
  deps: Deps,
  ctx: Ctx,
  text: string,
  auth: RegistryAuth | null,
): Promise<Distribution> {
  using _place = deps.places.pulls.take(ctx.principal.tenantId);
  const reference = parseImageReference(text);
  const { domain, path } = reference;
  await checkRegistry(deps.registries, domain);
  const scope = `repository:${path}:pull`;
  const session = openRegistry({ policy: deps.registries, domain, auth, scope, signal: within(ctx) });
  const wanted = reference.digest ?? reference.tag;
  const headers = { accept: manifestTypes.join(', ') };
  const answer = await session.send({ method: 'GET', path: `/v2/${path}/manifests/${wanted}`, headers });
  const body = await readAnswer(answer, session.host);
  if (answer.statusCode !== 200) throw refusal(session, answer.statusCode, familiarReference(reference));
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const parsed = manifest.safeParse(parse(body));
  if (!parsed.success || (reference.digest !== null && reference.digest !== digest)) {
    throw new AppError('unavailable', `The registry ${domain} answered with something else than ${wanted}`);
  }
  const { mediaType = answer.headers['content-type'] ?? '', manifests, config } = parsed.data;
  const platforms = manifests
    ? manifests.flatMap((each) => (each.platform ? [each.platform] : []))
    : await platformOf(session, path, config?.digest);
  return { mediaType, digest, size: body.length, platforms };
}

/** A registry that keeps its blobs elsewhere does not tell. */
async function platformOf(
  session: RegistrySession,
  path: string,
  digest: string | undefined,
): Promise<Distribution['platforms']> {
  if (digest === undefined) return [];
  const answer = await session.send({ method: 'GET', path: `/v2/${path}/blobs/${digest}` });
  const body = await readAnswer(answer, session.host);
  const parsed = answer.statusCode === 200 ? platform.safeParse(parse(body)) : null;
  return parsed?.success ? [parsed.data] : [];
}
