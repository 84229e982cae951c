/** Networks over HTTP, with real packets on them. Needs Postgres and an Engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { TestClient } from '../support/client.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { waitFor } from '../support/wait-for.ts';

interface View {
  id: string;
  name: string;
  internal: boolean;
  isDefault: boolean;
}

let app: TestApp;
let a: TestClient;
let b: TestClient;
beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  [a, b] = [app.a.admin, app.b.admin];
});
afterAll(() => app?.close());

const make = (client: TestClient, body: object) => client.expect<View>(201, 'POST', '/v1/networks', body);
const isOnEngine = async ({ id }: View) =>
  (await openDocker(testDockerHost()).listNetworks()).some(({ Name }) => Name === `ls-net-${id}`);

/** Serves its name over HTTP on port 8080. */
async function serve(client: TestClient, name: string, networks: object[] = []): Promise<string> {
  const script = `mkdir /www && echo ${name} > /www/index.html && exec httpd -f -p 8080 -h /www`;
  const body = { image: app.image, name, start: true, command: ['sh', '-c', script], networks };
  await client.expect(201, 'POST', '/v1/containers', body);
  await waitFor(async () => (await fetchFrom(client, name, '127.0.0.1')) === name);
  return (await client.expect<{ address: string }>(200, 'GET', `/v1/containers/${name}`)).address;
}
/** What a container gets from port 8080 of a host; empty when it gets nothing. */
async function fetchFrom(client: TestClient, container: string, host: string): Promise<string> {
  const command = ['timeout', '3', 'wget', '-q', '-O', '-', `http://${host}:8080/index.html`];
  const done = await client.expect<{ stdout: string }>(200, 'POST', `/v1/containers/${container}/exec`, { command });
  return done.stdout.trim();
}
const removeContainer = (client: TestClient, name: string) =>
  client.expect(204, 'DELETE', `/v1/containers/${name}?force=true`);

describe('the default network', () => {
  it('joins the containers of a tenant by name, and no other tenant’s, not even by address', async () => {
    await Promise.all([serve(a, 'web'), serve(a, 'peer'), serve(b, 'stranger')]);
    expect(await fetchFrom(a, 'peer', 'web')).toBe('web');
    expect(await fetchFrom(b, 'stranger', 'web')).toBe('');
    const { address } = await a.expect<{ address: string }>(200, 'GET', '/v1/containers/web');
    expect(await fetchFrom(a, 'peer', address)).toBe('web');
    expect(await fetchFrom(b, 'stranger', address)).toBe('');
    await Promise.all([removeContainer(a, 'web'), removeContainer(a, 'peer'), removeContainer(b, 'stranger')]);
  });

  it('is listed, and stays', async () => {
    const { items } = await a.expect<{ items: View[] }>(200, 'GET', '/v1/networks');
    expect(items).toMatchObject([{ name: 'default', isDefault: true }]);
    await a.expect(409, 'DELETE', '/v1/networks/default');
  });
});

describe('a network of a tenant’s own', () => {
  it('joins those that name it, under their aliases too, and nobody else', async () => {
    const network = await make(a, { name: 'backend', labels: { tier: 'db' } });
    expect(await isOnEngine(network)).toBe(true);
    await serve(a, 'database', [{ name: 'backend', aliases: ['db'] }]);
    await Promise.all([
      serve(a, 'member', [{ name: network.id.slice(0, 12) }, { name: 'default' }]),
      serve(a, 'outsider'),
    ]);
    expect(await fetchFrom(a, 'member', 'database')).toBe('database');
    expect(await fetchFrom(a, 'member', 'db')).toBe('database');
    expect(await fetchFrom(a, 'member', 'outsider')).toBe('outsider');
    expect(await fetchFrom(a, 'outsider', 'database')).toBe('');
    await a.expect(409, 'DELETE', '/v1/networks/backend');
    await Promise.all(['database', 'member', 'outsider'].map((name) => removeContainer(a, name)));
    await a.expect(204, 'DELETE', '/v1/networks/backend');
    expect(await isOnEngine(network)).toBe(false);
    await a.expect(404, 'GET', `/v1/networks/${network.id}`);
  });

  it('may be internal: the Engine then lets nothing out of it', async () => {
    const sealed = await make(a, { name: 'sealed', internal: true });
    const atEngine = await openDocker(testDockerHost()).getNetwork(`ls-net-${sealed.id}`).inspect();
    expect(atEngine.Internal).toBe(true);
    await Promise.all([serve(a, 'inside', [{ name: 'sealed' }]), serve(a, 'plain')]);
    expect(await fetchFrom(a, 'inside', 'plain')).toBe('');
    await Promise.all([removeContainer(a, 'inside'), removeContainer(a, 'plain')]);
    expect(await a.expect(200, 'POST', '/v1/networks/prune')).toMatchObject({ removed: [{ name: 'sealed' }] });
  });

  it('has a name of its own, which another tenant may use as well', async () => {
    const asked = { name: 'twin', labels: { of: 'a' } };
    const key = { 'idempotency-key': 'twin' };
    const [ours, theirs] = [
      await a.expect<View>(201, 'POST', '/v1/networks', asked, key),
      await make(b, { name: 'twin' }),
    ];
    expect(await a.expect(201, 'POST', '/v1/networks', asked, key)).toEqual(ours);
    await a.expect(409, 'POST', '/v1/networks', { name: 'twin' });
    await b.expect(404, 'GET', `/v1/networks/${ours.id}`);
    await b.expect(204, 'DELETE', '/v1/networks/twin');
    expect(await a.expect(200, 'GET', '/v1/networks/twin')).toEqual(ours);
    expect(theirs.id).not.toBe(ours.id);
    const { items } = await a.expect<{ items: View[] }>(200, 'GET', '/v1/networks?label=of=a');
    expect(items).toEqual([ours]);
    await a.expect(204, 'DELETE', '/v1/networks/twin');
  });
});

it('what is no network is refused by name', async () => {
  for (const body of [
    {},
    { name: '' },
    { name: 'a b' },
    { name: 'x', subnet: '10.0.0.0/8' },
    { name: 'x', internal: 'yes' },
  ]) {
    await a.expect(400, 'POST', '/v1/networks', body);
  }
  const { viewer } = app.a;
  await viewer.expect(403, 'POST', '/v1/networks', { name: 'x' });
  await viewer.expect(403, 'POST', '/v1/networks/prune');
  await viewer.expect(403, 'DELETE', '/v1/networks/default');
});

describe('connecting', () => {
  interface Change {
    changed: boolean;
    networks: { name: string; aliases: string[]; address: string | null; gateway: string | null }[];
  }
  const change = (verb: 'connect' | 'disconnect', network: string, body: object) =>
    a.expect<Change>(200, 'POST', `/v1/networks/${network}/${verb}`, body);

  it('gives a running container a further network and takes it away, names included', async () => {
    await make(a, { name: 'shared' });
    await Promise.all([serve(a, 'giver'), serve(a, 'taker', [{ name: 'shared' }])]);
    expect(await fetchFrom(a, 'taker', 'db')).toBe('');
    const connected = await change('connect', 'shared', { container: 'giver', aliases: ['db'] });
    expect(connected).toMatchObject({
      changed: true,
      networks: [{ name: 'default' }, { name: 'shared', aliases: ['db'], gateway: expect.any(String) }],
    });
    for (const name of ['db', 'giver', connected.networks[1]?.address ?? ''])
      expect(await fetchFrom(a, 'taker', name)).toBe('giver');
    expect(await change('connect', 'shared', { container: 'giver', aliases: ['db'] })).toMatchObject({
      changed: false,
    });
    await a.expect(409, 'POST', '/v1/networks/shared/connect', { container: 'giver', aliases: ['other'] });
    await removeContainer(a, 'taker');
    await a.expect(409, 'DELETE', '/v1/networks/shared');
    expect(await change('disconnect', 'shared', { container: 'giver' })).toMatchObject({
      changed: true,
      networks: [{ name: 'default' }],
    });
    expect(await change('disconnect', 'shared', { container: 'giver' })).toMatchObject({ changed: false });
    await a.expect(204, 'DELETE', '/v1/networks/shared');
    await removeContainer(a, 'giver');
  });

  it('before the first start gives the aliases that were asked for last, and lasts over stop, start and rename', async () => {
    await serve(a, 'looker');
    const command = ['sh', '-c', 'mkdir -p /www && echo late > /www/index.html && exec httpd -f -p 8080 -h /www'];
    await a.expect(201, 'POST', '/v1/containers', { image: app.image, name: 'late', command, start: false });
    await change('disconnect', 'default', { container: 'late' });
    await change('connect', 'default', { container: 'late', aliases: ['newcomer'] });
    await a.expect(200, 'POST', '/v1/containers/late/start');
    await waitFor(async () => (await fetchFrom(a, 'looker', 'newcomer')) === 'late');
    await a.expect(200, 'POST', '/v1/containers/late/rename', { name: 'later' });
    await a.expect(200, 'POST', '/v1/containers/later/restart', { graceSeconds: 0 });
    for (const name of ['later', 'newcomer'])
      await waitFor(async () => (await fetchFrom(a, 'looker', name)) === 'late');
    expect(await fetchFrom(a, 'looker', 'late')).toBe('');
    await Promise.all([removeContainer(a, 'later'), removeContainer(a, 'looker')]);
  });
});
