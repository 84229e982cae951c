/** What clients ask registries for through the Engine: logins, searches, and what a name stands for. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { checkLogin, describeDistribution, searchRegistry } from '../../services/registry-login.ts';
import { booleanFilter } from './query.ts';
import { hostOf, registryAuth } from './registry-credentials.ts';
import { type Handler, jsonBody, ok } from './request.ts';

const login = z.object({
  username: z.string().default(''),
  password: z.string().default(''),
  serveraddress: z.string().default(''),
  identitytoken: z.string().optional(),
});

export const checkAuth: Handler = async ({ deps }, request) => {
  const { username, password, serveraddress, identitytoken } = await jsonBody(request, login);
  const auth = identitytoken ? { identityToken: identitytoken } : { username, password };
  const host = hostOf(serveraddress);
  try {
    await checkLogin(deps, request.ctx, host, auth);
  } catch (error) {
    const refused = error instanceof AppError && error.message === `The registry ${host} refused access`;
    if (!refused) throw error;
    // Not the client's credential for us, but the one for the registry.
    return { status: 401, json: { message: `unauthorized: ${host} refuses this username or password` } };
  }
  return ok({ IdentityToken: '', Status: 'Login Succeeded' });
};

export const searchImages: Handler = async ({ deps }, request) => {
  const { query, ctx } = request;
  const term = query.text('term');
  if (term === undefined) throw new AppError('invalid', 'term is missing');
  const filters = query.filters(['is-automated', 'is-official', 'stars']);
  const [official, automated] = [booleanFilter(filters, 'is-official'), booleanFilter(filters, 'is-automated')];
  const stars = Math.max(0, ...(filters.get('stars') ?? []).map(Number));
  if (Number.isNaN(stars)) throw new AppError('invalid', `Invalid filter 'stars=${filters.get('stars')?.join()}'`);
  const limit = query.integer('limit', { min: 1, max: 100 }) ?? 25;
  const found = await searchRegistry(deps, ctx, { term, limit, auth: registryAuth(request) });
  const wanted = found.filter(
    (each) =>
      (official === undefined || each.is_official === official) &&
      (automated === undefined || each.is_automated === automated) &&
      each.star_count >= stars,
  );
  return ok(wanted.map((each) => ({ ...each, description: each.description ?? '' })));
};

export const inspectDistribution: Handler = async ({ deps }, request) => {
  const found = await describeDistribution(deps, request.ctx, request.params.name ?? '', registryAuth(request));
  const { mediaType, digest, size, platforms } = found;
  return ok({ Descriptor: { mediaType, digest, size }, Platforms: platforms });
};
