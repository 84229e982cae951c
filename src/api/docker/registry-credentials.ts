/** Credentials for registries as clients send them: JSON in base64, of either alphabet, padded or not. Used once, kept nowhere. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { RegistryAuth } from '../../services/image-pull.ts';
import type { DockerRequest } from './request.ts';

const text = z.string().max(16_384).optional();
const credential = z
  .object({ username: text, password: text, identitytoken: text, registrytoken: text, auth: text })
  .transform(toAuth);

/** What `docker login` sent along with this call; null when nothing. Throws invalid. */
export function registryAuth(request: DockerRequest): RegistryAuth | null {
  const header = request.header('x-registry-auth');
  return header === undefined ? null : decoded(header, credential, 'X-Registry-Auth');
}

/** On builds: a credential for each registry that the client is logged in to, by its address. Throws invalid. */
export function registryAuths(request: DockerRequest): Map<string, RegistryAuth> {
  const header = request.header('x-registry-config');
  if (header === undefined) return new Map();
  const all = decoded(header, z.record(z.string(), credential), 'X-Registry-Config');
  return new Map(Object.entries(all).flatMap(([host, auth]) => (auth ? [[hostOf(host), auth]] : [])));
}

function decoded<T>(header: string, schema: z.ZodType<T>, name: string): T {
  try {
    const json = Buffer.from(header, 'base64').toString() || '{}';
    return schema.parse(JSON.parse(json));
  } catch {
    // Neither the header nor what is in it may reach an answer or a log.
    throw new AppError('invalid', `${name} is not base64 of JSON`);
  }
}

function toAuth(given: {
  username?: string | undefined;
  password?: string | undefined;
  identitytoken?: string | undefined;
  auth?: string | undefined;
}): RegistryAuth | null {
  if (given.identitytoken) return { identityToken: given.identitytoken };
  if (given.username) return { username: given.username, password: given.password ?? '' };
  if (!given.auth) return null;
  const pair = Buffer.from(given.auth, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 1 ? null : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

/** As references name it: docker.io has a longer address in old configurations. */
export function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' || host === 'registry-1.docker.io' || host === '' ? 'docker.io' : host;
}
