/** The private Engine's networks are walled off from each other at every moment, also while networks are made. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineApart } from '../chaos/engine-apart.ts';
import { busyboxImage } from '../support/base-images.ts';
import { openDocker } from '../support/engine.ts';

let engine: EngineApart;
beforeAll(async () => {
  engine = await EngineApart.start();
});
afterAll(() => engine.remove());

/** Twenty askers for ten seconds, each of whom begins a connection every second; prints what any of them got. */
const ask = (address: string) => `
  for asker in $(seq 20); do
    (sleep 0.0$asker; for turn in $(seq 10); do timeout 1 wget -qO- http://${address}:8080; done) 2>/dev/null &
  done
  wait`;

test('nobody gets through to another network while networks come and go', async () => {
  const docker = openDocker(engine.dockerHost);
  const start = async (network: string, script: string) => {
    const made = await docker.createContainer({
      Image: busyboxImage,
      Cmd: ['sh', '-c', script],
      HostConfig: { NetworkMode: network },
    });
    await made.start();
    return made;
  };
  for (const name of ['one', 'other']) await docker.createNetwork({ Name: name });
  const server = await start('one', 'cd /tmp; echo hello > index.html; exec httpd -f -p 8080');
  const address = (await server.inspect()).NetworkSettings.Networks.one?.IPAddress ?? '';
  const logsOf = async (network: string, script: string) => {
    const asker = await start(network, script);
    await asker.wait();
    return (await asker.logs({ stdout: true, stderr: true })).toString();
  };
  const patient = `for try in 1 2 3 4 5; do timeout 2 wget -qO- http://${address}:8080 && exit; sleep 1; done`;
  expect(await logsOf('one', patient)).toContain('hello');

  let isAsking = true;
  const asked = logsOf('other', ask(address)).finally(() => (isAsking = false));
  let made = 0;
  for (; isAsking; made++) await (await docker.createNetwork({ Name: `passing-${made}` })).remove();
  expect(await asked).toBe('');
  expect(made).toBeGreaterThan(5);
}, 120_000);
