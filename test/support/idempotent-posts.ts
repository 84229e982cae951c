/** A fresh request with an effect for each kind of POST, to send again and again under one Idempotency-Key. */
import { createRequest } from '../../src/pki/request.ts';
import type { TestApp } from './app.ts';

export interface Post {
  path: string;
  body?: unknown;
}

type Prepare = (app: TestApp) => Promise<Post>;

let made = 0;
const fresh = (what: string) => `${what}-${++made}`;

function certificate() {
  const name = fresh('certificate');
  return { name, role: 'viewer', csr: createRequest(name).requestPem };
}

async function container({ a, image }: TestApp, start: boolean): Promise<string> {
  const wanted = { image, name: fresh('c'), command: ['sleep', '600'], stop: { graceSeconds: 0 }, start };
  return (await a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', wanted)).id;
}

const verb =
  (name: string, state: 'created' | 'running' | 'paused', body: unknown = {}): Prepare =>
  async (app) => {
    const id = await container(app, state !== 'created');
    if (state === 'paused') await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/pause`);
    return { path: `/v1/containers/${id}/${name}`, body };
  };

/** By operation id. */
export const idempotentPosts: Record<string, Prepare> = {
  createTenant: async () => ({ path: '/v1/tenants', body: { name: fresh('tenant') } }),
  createKey: async ({ a }) => ({ path: `/v1/tenants/${a.name}/keys`, body: { name: fresh('key'), role: 'viewer' } }),
  createTicket: async () => ({ path: '/v1/tickets' }),
  issueCertificate: async () => ({ path: '/v1/certificates', body: certificate() }),
  issueCertificateForTenant: async ({ a }) => ({ path: `/v1/tenants/${a.name}/certificates`, body: certificate() }),
  releaseOrphans: async () => ({ path: '/v1/orphans/release', body: { count: 0 } }),

  createContainer: async ({ image }) => ({
    path: '/v1/containers',
    body: { image, name: fresh('c'), command: ['sleep', '600'], start: true },
  }),
  startContainer: verb('start', 'created'),
  stopContainer: verb('stop', 'running', { graceSeconds: 0 }),
  restartContainer: verb('restart', 'running', { graceSeconds: 0 }),
  updateContainer: verb('update', 'running', { resources: { memoryMiB: 77 } }),
  killContainer: verb('kill', 'running', { signal: 'KILL' }),
  pauseContainer: verb('pause', 'running'),
  unpauseContainer: verb('unpause', 'paused'),
  renameContainer: async (app) => {
    const id = await container(app, false);
    return { path: `/v1/containers/${id}/rename`, body: { name: fresh('renamed') } };
  },
  execInContainer: verb('exec', 'running', { command: ['echo', 'canary-of-exec'] }),

  pullImage: async () => ({ path: '/v1/images/pull', body: { reference: `${fresh('pulled')}/app` } }),
  createPushCredentials: async () => ({ path: '/v1/images/push-credentials', body: { repositories: [fresh('team')] } }),
  tagImage: async ({ a }) => {
    const reference = `${fresh('tagged')}/app`;
    await a.admin.expect(200, 'POST', '/v1/images/pull', { reference });
    return { path: `/v1/images/${encodeURIComponent(reference)}/tags`, body: { repository: fresh('tag') } };
  },
  pruneImages: async ({ a }) => {
    await a.admin.expect(200, 'POST', '/v1/images/pull', { reference: `${fresh('pruned')}/app` });
    return { path: '/v1/images/prune', body: { all: true } };
  },
  commitContainer: async (app) => ({
    path: `/v1/containers/${await container(app, false)}/commit`,
    body: { repository: fresh('committed') },
  }),
  createNetwork: async () => ({ path: '/v1/networks', body: { name: fresh('n') } }),
  connectContainer: async (app) => {
    const [id, network] = [await container(app, true), fresh('n')];
    await app.a.admin.expect(201, 'POST', '/v1/networks', { name: network });
    return { path: `/v1/networks/${network}/connect`, body: { container: id, aliases: ['db'] } };
  },
  disconnectContainer: async (app) => ({
    path: '/v1/networks/default/disconnect',
    body: { container: await container(app, false) },
  }),
  pruneNetworks: async ({ a }) => {
    await a.admin.expect(201, 'POST', '/v1/networks', { name: fresh('n') });
    return { path: '/v1/networks/prune' };
  },
  createVolume: async () => ({ path: '/v1/volumes', body: { name: fresh('v') } }),
  pruneVolumes: async ({ a }) => {
    await a.admin.expect(201, 'POST', '/v1/volumes', { name: fresh('v') });
    return { path: '/v1/volumes/prune', body: { all: true } };
  },
};
