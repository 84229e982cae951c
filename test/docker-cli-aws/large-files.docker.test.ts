/** `docker cp` and `docker export` of more than goes through a session, by the plain docker CLI over AWS. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { makeImageWith, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';

const { a, account, folder, registry } = await openAwsDoor();
const docker = openDocker(testDockerHost());
const MiB = 1024 * 1024;
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Operations on objects of a transfer during the call. */
async function transfers(call: () => Promise<unknown>): Promise<string[]> {
  const before = account.fake.calls.length;
  await call();
  const actions = account.fake.calls.slice(before).map(({ action }) => action);
  return actions.filter((action) => ['s3:PutObject', 's3:GetObject'].includes(action));
}

test('thirty megabytes go in, out and into an export bit by bit, most of them through the bucket', async () => {
  const made = await makeImageWith(docker, 'curl', ['/usr/bin/curl']);
  const image = await pushImage(docker, made, { host: registry.host, name: 'base/curl:1' });
  await a.ok(['pull', image]);
  const id = await a.ok(['run', '-d', image, 'sleep', '600']);
  const [source, back, root] = [join(folder, 'big'), join(folder, 'back'), join(folder, 'root.tar')];
  const data = randomBytes(30 * MiB);
  writeFileSync(source, data);

  expect(await transfers(() => a.ok(['cp', source, `${id}:/tmp/big`]))).toContain('s3:GetObject');
  expect(await a.ok(['exec', id, 'sha256sum', '/tmp/big'])).toBe(`${digest(data)}  /tmp/big`);

  expect(await transfers(() => a.ok(['cp', `${id}:/tmp/big`, back]))).toContain('s3:PutObject');
  expect(digest(readFileSync(back))).toBe(digest(data));

  expect(await transfers(() => a.ok(['export', '-o', root, id]))).toContain('s3:PutObject');
  const exported = execFileSync('tar', ['-xOf', root, 'tmp/big'], { maxBuffer: 64 * MiB });
  expect(digest(exported)).toBe(digest(data));
  await a.ok(['rm', '-f', id]);

  const left = [...account.site.buckets.bucket('records').objects.keys()];
  expect(left.filter((key) => key.includes('/transfers/'))).toEqual([]);
}, 300_000);
