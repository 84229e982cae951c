/**
 * What an Engine may keep of a container's start that its own end cut off: an endpoint of that name, with which the container
 * can never be started again. The Engine takes an endpoint away only if no container has its name.
 */
import { unless } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';

const stale = /endpoint with name \S+ already exists in network (\S+)/;

/** The network of the endpoint that made a start fail; null where something else did. */
export function staleEndpoint(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error ? (stale.exec(cause.message)?.[1] ?? null) : null;
}

/** Gives the container another name for a moment. Who dies meanwhile leaves it to be missed, replaced and swept. */
export async function dropEndpoint(site: Site, key: string, network: string, options: CallOptions): Promise<void> {
  const aside = `${key}-aside`;
  await site.engine.call(rename(key, aside), options);
  try {
    const request: EngineRequest = {
      method: 'POST',
      path: `/networks/${safeName(network)}/disconnect`,
      body: { Container: safeName(key), Force: true },
      subject: { noun: 'network' },
    };
    await unless(site.engine.call(request, options), ['not_found'], undefined);
  } finally {
    await site.engine.call(rename(aside, key), options);
  }
}

function rename(key: string, name: string): EngineRequest {
  const path = `/containers/${safeName(key)}/rename`;
  return { method: 'POST', path, query: { name: safeName(name) }, subject: { noun: 'container' } };
}
