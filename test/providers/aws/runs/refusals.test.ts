import { expect, test } from 'vitest';
import { type ContainerSpecInput, containerSpec } from '../../../../src/domain/container-spec.ts';
import { refusalOf, warningsOf } from '../../../../src/providers/aws/runs/refusals.ts';

const of = (more: Partial<ContainerSpecInput>, forwarderImage: string | null = null) =>
  refusalOf(containerSpec.parse({ image: 'web', ...more }), { forwarderImage });

test('a plain spec, and what Fargate can do, are not refused', () => {
  expect(of({})).toBeNull();
  const nofile = [{ name: 'nofile', soft: 1024, hard: 4096 }] as const;
  const able: Partial<ContainerSpecInput> = {
    ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }],
    ulimits: [...nofile],
    sysctls: { 'net.core.somaxconn': '1024' },
    capabilities: { drop: ['ALL'], add: ['CHOWN'] },
    init: true,
    readonlyRoot: true,
    tty: true,
    healthcheck: { command: ['true'], intervalSeconds: 5, timeoutSeconds: 2, retries: 10, startPeriodSeconds: 300 },
    stop: { graceSeconds: 120 },
  };
  expect(of(able)).toBeNull();
});

test.for<[string, Partial<ContainerSpecInput>]>([
  ['unsetEnv', { unsetEnv: ['PATH'] }],
  ['secrets.0.secret', { secrets: [{ name: 'A', secret: 'key-AbCdEf' }] }],
  ['groups', { groups: ['wheel'] }],
  ['hostname', { hostname: 'web' }],
  ['domainname', { domainname: 'example.org' }],
  ['dns', { dns: { servers: ['10.0.0.2'] } }],
  ['extraHosts', { extraHosts: [{ host: 'db', address: '10.0.0.9' }] }],
  ['noNetwork', { noNetwork: true }],
  ['networks', { networks: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) }],
  ['resources.cpuShares', { resources: { cpuShares: 512 } }],
  ['resources.shmMiB', { resources: { shmMiB: 128 } }],
  ['resources.oomScoreAdj', { resources: { oomScoreAdj: 500 } }],
  ['ulimits.0', { ulimits: [{ name: 'nproc', soft: 10, hard: 10 }] }],
  ['ports.0.hostPort', { ports: [{ containerPort: 80, hostPort: 8080 }] }],
  ['ports.1', { ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'udp' }] }],
  ['mounts.0.copy', { mounts: [{ type: 'volume', source: 'a', target: '/a', copy: true }] }],
  ['stop.signal', { stop: { signal: 'QUIT' } }],
  ['stop.graceSeconds', { stop: { graceSeconds: 121 } }],
  ['healthcheck', { healthcheck: { command: ['true'], intervalSeconds: 1 } }],
  ['healthcheck', { healthcheck: { command: ['true'], timeoutSeconds: 61 } }],
])('%s is refused with a reason', ([field, spec]) => {
  const refusal = of(spec);
  expect(refusal?.field).toBe(field);
  expect(refusal?.reason.length).toBeGreaterThan(10);
});

test('a port goes under another number where the operator has a forwarder for it', () => {
  const publish = (...ports: [number, number][]) =>
    of({ ports: ports.map(([hostPort, containerPort]) => ({ hostPort, containerPort })) }, 'socat');
  expect(publish([8080, 80], [443, 443], [8081, 80])).toBeNull();
  expect(publish([8080, 80], [80, 8081])).toMatchObject({ field: 'ports.1.hostPort' });
  expect(publish([8080, 80], [8080, 81])).toMatchObject({ field: 'ports.1' });
  const many = Array.from({ length: 10 }, (_, at): [number, number] => [9000 + at, 80]);
  expect(publish(...many)).toMatchObject({ field: 'ports.9.hostPort' });
  expect(publish(...many.slice(1))).toBeNull();
});

test('what has no effect on Fargate is taken with a warning', () => {
  const warnings = (more: Partial<ContainerSpecInput>, namespaceId: string | null = null) =>
    warningsOf(containerSpec.parse({ image: 'web', ...more }), { namespaceId });
  expect(warnings({})).toEqual([]);
  expect(warnings({ resources: { pids: 100 } })).toEqual([expect.stringContaining('no effect')]);
  const networks = [{ name: 'wire', aliases: ['db'] }];
  expect(warnings({ networks })).toEqual([expect.stringContaining('LONGSHORE_AWS_NAMESPACE')]);
  expect(warnings({ networks }, 'ns-1')).toEqual([]);
});
