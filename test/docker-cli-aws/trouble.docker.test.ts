/** What can be wrong with an AWS account, as a tenant's docker CLI and /v1 show it: a sentence each time, and nothing stays `starting`. */
import { afterEach, expect, test } from 'vitest';
import { AwsError } from '../aws-fake/aws-error.ts';
import { openAwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

const { a, app, account, image } = await openAwsDoor();
const { fake, site } = account;
const { habits } = fake;
const provisioningMs = habits.delays.provisioningMs;
const patient = { timeoutMs: 60_000, intervalMs: 200 };

afterEach(async () => {
  habits.deny.clear();
  habits.refuse = () => undefined;
  habits.capacity = () => undefined;
  habits.delays.provisioningMs = provisioningMs;
  const all = (await a.ok(['ps', '-aq'])).split('\n').filter(Boolean);
  if (all.length > 0) await a.ok(['rm', '-f', ...all]);
}, 60_000);

interface Seen {
  status: string;
  error: { code: string; message: string } | null;
}
const seen = (name: string) => app.a.admin.expect<Seen>(200, 'GET', `/v1/containers/${name}`);
const state = (name: string) => a.ok(['ps', '-a', '--filter', `name=${name}`, '--format', '{{.State}}']);
const reaches = (name: string, wanted: string) => waitFor(async () => (await state(name)) === wanted, patient);

test('a right that Longshore lacks is named, and what waits for it starts when it is there', {
  timeout: 120_000,
}, async () => {
  await a.ok(['pull', '-q', image]);
  habits.deny.add('ecs:RunTask');
  const refused = await a.run(['run', '-d', '--name', 'denied', image, 'sleep', '300']);
  expect(refused).toMatchObject({ exitCode: expect.any(Number), stderr: expect.stringContaining('ecs:RunTask') });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).not.toContain('arn:');
  expect(await seen('denied')).toMatchObject({
    status: 'failed',
    error: { code: 'forbidden', message: expect.stringContaining('ecs:RunTask') },
  });
  expect(await a.ok(['inspect', 'denied', '--format', '{{.State.Error}}'])).toContain('ecs:RunTask');
  habits.deny.clear();
  await a.ok(['start', 'denied']);
  await reaches('denied', 'running');
});

test('expired credentials are 503 and a reason, and new ones are all it takes', { timeout: 120_000 }, async () => {
  await a.ok(['create', '--name', 'expired', image, 'sleep', '300']);
  habits.refuse = () => new AwsError('ExpiredTokenException', 'The security token is expired', 403);
  const refused = await a.run(['start', 'expired'], { timeoutSeconds: 60 });
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('AWS credentials are missing, expired or not valid');
  expect((await seen('expired')).error).toMatchObject({ code: 'unavailable' });
  habits.refuse = () => undefined;
  await reaches('expired', 'running');
  expect((await seen('expired')).error).toBeNull();
});

test('a cluster that somebody deleted is a loss that is seen, and made again', { timeout: 120_000 }, async () => {
  await a.ok(['create', '--name', 'homeless', image, 'sleep', '300']);
  site.ecs.clusters.clear();
  await a.run(['start', 'homeless']);
  await reaches('homeless', 'running');
  expect([...site.ecs.clusters.values()]).toHaveLength(1);
});

test('a log group that somebody deleted is an empty log, and made again by the next start', {
  timeout: 120_000,
}, async () => {
  await a.ok(['run', '-d', '--name', 'mute', image, 'sh', '-c', 'echo said; sleep 300']);
  await waitFor(async () => (await a.ok(['logs', 'mute'])) === 'said', patient);
  site.logs.groups.clear();
  await waitFor(async () => (await a.run(['logs', 'mute'])).stdout === '', patient);
  await a.ok(['stop', 'mute']);
  const first = await a.run(['start', 'mute']);
  if (first.exitCode !== 0) expect(first.stderr).toContain('log at AWS was gone');
  await reaches('mute', 'running');
  await waitFor(async () => (await a.ok(['logs', 'mute'])) === 'said', patient);
});

test('an image for another architecture is refused by its name', { timeout: 60_000 }, async () => {
  await a.ok(['import', '--platform', 'linux/s390x', '-', 'foreign:1'], { input: Buffer.alloc(1024) });
  const refused = await a.run(['run', '-d', '--name', 'foreign', 'foreign:1', 'true']);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(/s390x/);
  await a.run(['rm', '-f', 'foreign']);
});

test('an image that is gone from ECR is why a start fails, at once or when it was answered already', {
  timeout: 120_000,
}, async () => {
  await a.ok(['create', '--name', 'early', image, 'true']);
  await a.ok(['create', '--name', 'late', image, 'true']);
  const kept = [...site.ecr.repositories.entries()];
  site.ecr.repositories.clear();
  try {
    const early = await a.run(['start', 'early']);
    expect(early).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot pull the image') });
    // Longer than a start waits.
    habits.delays.provisioningMs = 18_000;
    const late = await a.run(['start', '-a', 'late']);
    expect(late.exitCode).not.toBe(0);
    for (const name of ['early', 'late']) {
      await waitFor(async () => (await seen(name)).status === 'failed', patient);
      expect(await a.ok(['inspect', name, '--format', '{{.State.Error}}'])).toContain('cannot pull the image');
    }
  } finally {
    for (const [name, repository] of kept) site.ecr.repositories.set(name, repository);
  }
});

test('a subnet without addresses is a reason that passes when there are some', { timeout: 120_000 }, async () => {
  const counts = [...site.ec2.subnets.values()].map((subnet) => ({ subnet, count: subnet.AvailableIpAddressCount }));
  for (const { subnet } of counts) subnet.AvailableIpAddressCount = 0;
  const refused = await a.run(['run', '-d', '--name', 'crowded', image, 'sleep', '300']);
  expect(refused.stderr).toContain('no free address');
  expect((await seen('crowded')).error?.message).toContain('no free address');
  expect(await a.ok(['inspect', 'crowded', '--format', '{{.State.Error}}'])).toContain('no free address');
  for (const { subnet, count } of counts) subnet.AvailableIpAddressCount = count ?? 250;
  await reaches('crowded', 'running');
});

test('a command in a container that has stopped is a conflict', { timeout: 60_000 }, async () => {
  await a.ok(['run', '-d', '--name', 'over', image, 'true']);
  await a.ok(['wait', 'over']);
  const refused = await a.run(['exec', 'over', 'true']);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/not running|exited/) });
});

test('no credential of anybody stands in definitions, tasks, documents or events', { timeout: 60_000 }, async () => {
  const { items } = await app.a.admin.expect<{ items: object[] }>(200, 'GET', '/v1/events?follow=false&limit=1000');
  const objects = [...site.buckets.buckets.values()].flatMap(({ objects: all }) => [...all.values()]);
  const written = [
    JSON.stringify(items),
    JSON.stringify([...site.ecs.families.values()]),
    JSON.stringify([...site.ecs.tasks.values()].map(({ task, definition, tags }) => ({ task, definition, tags }))),
    ...objects.map((object) => Buffer.from(JSON.stringify(object)).toString()),
  ].join('\n');
  expect(written.length).toBeGreaterThan(1000);
  const { secretAccessKey } = account.credentials;
  for (const secret of [secretAccessKey, app.operatorKey]) {
    expect(written).not.toContain(secret);
  }
  expect(written).not.toMatch(/lsk_[0-9A-Za-z]{16}_/);
});
