/** An Engine behind `tcp://`: the same one, through a relay. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/domain/clock.ts';
import { containerSpec } from '../../../src/domain/container-spec.ts';
import { createDockerProvider } from '../../../src/providers/docker/docker.ts';
import { within } from '../../conformance/harness.ts';
import { busyboxImage } from '../../support/base-images.ts';
import { testDockerHost } from '../../support/engine.ts';

let relay: Server;

beforeAll(async () => {
  const { protocol, pathname, hostname, port } = new URL(testDockerHost());
  const target = protocol === 'unix:' ? { path: pathname } : { host: hostname, port: Number(port) };
  relay = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ ...target, allowHalfOpen: true });
    client.pipe(engine).pipe(client);
    for (const [one, other] of [[client, engine] as const, [engine, client] as const]) {
      one.on('error', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => relay.close(resolve)));

test('a run lives, speaks and takes input over TCP', async () => {
  const { port } = relay.address() as AddressInfo;
  const provider = createDockerProvider({
    dockerHost: `tcp://127.0.0.1:${port}`,
    installId: randomUUID(),
    publishAddress: '127.0.0.1',
    clock: systemClock,
  });
  const containerId = randomBytes(32).toString('hex');
  const run = { key: `ls-${containerId}-1`, handle: null };
  const { id: imageId } = await provider.images.inspect(busyboxImage, within());
  const spec = containerSpec.parse({ image: busyboxImage, command: ['sh', '-c', 'echo hello; sleep 60'] });
  const owner = { tenantId: randomUUID(), containerId, incarnation: 1 };
  await provider.create({ ...owner, key: run.key, name: 'web', spec, imageId, networks: [], volumes: [] }, within());
  try {
    await provider.start(run, within());
    for await (const { line } of provider.logs(run, { ...within(), follow: true })) {
      expect(Buffer.from(line).toString()).toBe('hello');
      break;
    }
    const wanted = { command: ['sh', '-c', 'cat; echo late'], env: {}, stdin: true, tty: false };
    const session = await provider.exec?.(run, wanted, within());
    await session?.write(Buffer.from('early\n'));
    await session?.endInput();
    let output = '';
    for await (const { data } of session?.output ?? []) output += Buffer.from(data).toString();
    expect(output).toBe('early\nlate\n');
    expect(await session?.exit).toBe(0);
  } finally {
    await provider.destroy(run, within());
  }
});
