/** Dockerfiles that the Engine's builder would read otherwise than they look: none reaches beyond the tenant's images and files. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';

const secret = `secret of a ${randomBytes(6).toString('hex')}`;
const { app, a, b } = await openDoor();

const asked: string[] = [];
const sink = createServer(({ url = '' }, response) => {
  asked.push(url);
  response.end('inside');
}).listen(0, '127.0.0.1');
await once(sink, 'listening');
const inside = `127.0.0.1:${(sink.address() as AddressInfo).port}`;
afterAll(() => void sink.close());

const build = (lines: string[], ...args: string[]) =>
  b.run(['build', '-q', ...args, '-'], { input: [`FROM ${app.image}`, ...lines].join('\n') });

test("a flag with a blank that only the builder sees takes nothing from another tenant's image", async () => {
  const dockerfile = `FROM ${app.image}\nRUN echo ${secret} > /secret\nCMD cat /secret`;
  await a.ok(['build', '-q', '-t', 'victim', '-'], { input: dockerfile });
  const id = await a.ok(['image', 'inspect', '-f', '{{.Id}}', 'victim']);
  const user = 'RUN echo Ã:x:0:0::/:/bin/sh >> /etc/passwd; echo Ã:x:0: >> /etc/group';
  const { stderr } = await build(
    [user, `COPY --chown=à--from=${id} /secret /stolen`, 'CMD cat /stolen'],
    '-t',
    'thief',
  );
  const { stdout } = await b.run(['run', '--rm', 'thief']);
  expect(stdout).not.toContain(secret);
  expect(stderr).toContain('Unknown flag');
});

test('a URL that only the builder sees is not fetched', async () => {
  const hidden = [
    `ADD ["http://${inside}/list","/x"] more`,
    `ADD ["ht\\\\tp://${inside}/escape","/x"]`,
    `ADD ["ht''tp://${inside}/quote","/x"]`,
    `ADD ["http\\u003a//${inside}/letter","/x"]`,
  ];
  const refused = [];
  for (const line of hidden) refused.push((await build([line])).exitCode);
  expect(asked).toEqual([]);
  expect(refused).toEqual(hidden.map(() => 1));
});

test("no spelling makes a label of the control plane's", async () => {
  for (const name of [
    'longsh\\ore.install',
    "longsh''ore.install",
    '"longsh"ore.install',
    '$none',
    'a=b longsh$none',
  ]) {
    const { stderr } = await build([`LABEL ${name}=x`]);
    expect(stderr).toContain('reserved');
  }
});

test('of what a quiet build writes, the beginning is kept until it fails', async () => {
  const { stderr, exitCode } = await build(['RUN echo first; head -c 30000000 /dev/zero | tr "\\0" a; exit 3']);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('first');
  expect(stderr).toContain('non-zero code: 3');
  expect(stderr.length).toBeLessThan(2_000_000);
});
