/** What the text of an event says: a reason to look, for a run of ours, with a version; or nothing. */
import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { readEvent } from '../../../src/providers/aws/events.ts';

const tenantId = randomUUID();
const containerId = randomBytes(32).toString('hex');
const site = { prefix: 'longshore' };
const cluster = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:cluster/${name}`;

/** As AWS's guide shows one, shortened where nothing is read. */
const event = (detail: object = {}, envelope: object = {}) =>
  JSON.stringify({
    version: '0',
    id: '3317b2af-7005-947d-b652-f55e762e571a',
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: '111122223333',
    time: '2026-11-27T17:57:58Z',
    region: 'eu-west-1',
    resources: ['arn:aws:ecs:eu-west-1:111122223333:task/longshore/c13b4cb40f1f4fe4a2971f76ae5a47ad'],
    detail: {
      attachments: [{ id: '1789bcae', type: 'eni', status: 'ATTACHED', details: [{ name: 'subnetId', value: 's' }] }],
      clusterArn: cluster(`longshore-${tenantId}`),
      containers: [{ lastStatus: 'RUNNING', name: 'main' }],
      createdAt: '2026-11-27T17:57:38.000Z',
      desiredStatus: 'RUNNING',
      lastStatus: 'RUNNING',
      launchType: 'FARGATE',
      startedBy: `ls-${containerId}-3/2`,
      taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/longshore/c13b4cb40f1f4fe4a2971f76ae5a47ad',
      version: 4,
      ...detail,
    },
    ...envelope,
  });
const read = (text: string) => readEvent(site, text);

test('a change of a task is a reason to look at its run, with a version above all of its earlier attempts', () => {
  const run = { tenantId, containerId, incarnation: 3 };
  expect(read(event())).toEqual({ ...run, version: 2_000_004, news: 'changed' });
  expect(read(event({ lastStatus: 'STOPPED', version: 7 }))).toEqual({ ...run, version: 2_000_007, news: 'ended' });
});

test.each([
  ['another kind of event', event({}, { 'detail-type': 'ECS Service Action' })],
  ['one of another service', event({}, { source: 'aws.codebuild' })],
  ['a task of another installation', event({ clusterArn: cluster(`others-${tenantId}`) })],
  ['a task of a cluster without a tenant', event({ clusterArn: cluster('longshore-web') })],
  ['a task that somebody else started', event({ startedBy: 'ecs-svc/123' })],
  ['a task that nobody says who started', event({ startedBy: undefined })],
  ['a task with a number beyond all that we give', event({ startedBy: `ls-${containerId}-3/${'9'.repeat(20)}` })],
])('%s is nothing to us', (_name, text) => {
  expect(read(text)).toBeNull();
});

test.each([
  ['no JSON', 'not json'],
  ['no object', '[]'],
  ['null', 'null'],
  ['something without a detail', event({}, { detail: undefined })],
  ['a detail that is a text', event({}, { detail: 'x' })],
  ['a task without a version', event({ version: undefined })],
  ['a version that is a text', event({ version: '4' })],
  ['a version below zero', event({ version: -1 })],
  ['a cluster that is no ARN', event({ clusterArn: 'longshore' })],
])('%s is no event', (_name, text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
