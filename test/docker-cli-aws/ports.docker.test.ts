/** Published ports on AWS, with something that passes for an image of socat. */
import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { commitImage } from '../conformance/docker-harness.ts';
import { openAwsDoor } from '../support/aws-door.ts';
import { pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { waitFor } from '../support/wait-for.ts';

const engine = openDocker(testDockerHost());
const operators = await startRegistry();
afterAll(() => operators.stop());
const forwarder = await pushForwarder();
const { a, image } = await openAwsDoor({ LONGSHORE_AWS_FORWARDER: forwarder });

/** Understands `TCP-LISTEN:8080,fork,reuseaddr TCP:127.0.0.1:80`. */
async function pushForwarder(): Promise<string> {
  const script = 'IFS=:, ; set -- $*; exec nc -ll -p $2 -e nc $6 $7';
  const entrypoint = JSON.stringify(['/bin/sh', '-c', script, 'socat']);
  const made = await commitImage(engine, [`ENTRYPOINT ${entrypoint}`, `LABEL suite=${randomUUID()}`]);
  const reference = await pushImage(engine, made, { host: operators.host, name: 'operator/socat:1' });
  await engine.getImage(made).remove({ force: true });
  return reference;
}

test('-p 8080:80 is served at 8080 by a forwarder in the task', { timeout: 180_000 }, async () => {
  await a.ok(['pull', image]);
  const serve = 'mkdir -p /www && echo served > /www/index.html && exec httpd -f -p 80 -h /www';
  await a.ok(['run', '-d', '--name', 'web', '-p', '8080:80', image, 'sh', '-c', serve]);
  await a.ok(['run', '-d', '--name', 'client', image, 'sleep', '600']);
  expect(await waitFor(() => a.ok(['port', 'web']))).toMatch(/^80\/tcp -> [\d.]+:8080$/);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = await a.ok(['inspect', '-f', format, 'web']);
  const fetch = `printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 3 ${address} 8080`;
  const fetched = () => a.ok(['exec', 'client', 'sh', '-c', fetch], { timeoutSeconds: 10 });
  const answer = await waitFor(fetched, { timeoutMs: 60_000 });
  expect([answer.split('\r\n').at(0), answer.split('\r\n').at(-1)]).toEqual([
    expect.stringContaining('200 OK'),
    'served',
  ]);
  await a.ok(['rm', '-f', 'web', 'client']);
});
