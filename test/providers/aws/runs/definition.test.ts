import { expect, test } from 'vitest';
import { type ContainerSpecInput, containerSpec } from '../../../../src/domain/container-spec.ts';
import { imageConfig } from '../../../../src/domain/image.ts';
import { toDefinition } from '../../../../src/providers/aws/runs/definition.ts';
import { awsSettings } from '../aws-settings.ts';

const settings = awsSettings({
  subnetIds: ['subnet-1'],
  publicAddresses: true,
  executionRole: 'arn:aws:iam::111122223333:role/{tenant}/execution',
  taskRole: 'arn:aws:iam::111122223333:role/{tenant}/task',
  bucket: 'records',
  fileSystemId: 'fs-1',
});
const site = { settings, prefix: 'longshore', installId: 'i', region: 'eu-west-1', domain: null };
const config = imageConfig.parse({
  entrypoint: ['/init'],
  command: ['serve'],
  env: [],
  workdir: '',
  user: '',
  labels: {},
  exposedPorts: [],
  volumes: [],
  stopSignal: null,
  healthcheck: {
    command: ['CMD', 'probe'],
    intervalSeconds: 1,
    timeoutSeconds: 0,
    startPeriodSeconds: 0,
    retries: 0,
  },
  shell: null,
  onBuild: [],
});

function define(spec: Partial<ContainerSpecInput> = {}, { architecture = 'amd64', volumes = 0, at = site } = {}) {
  const input = {
    key: 'ls-1-1',
    tenantId: 'tenant',
    containerId: 'c',
    incarnation: 1,
    name: 'web',
    spec: containerSpec.parse({ image: 'web', ...spec }),
    imageId: 'sha256:1',
    networks: [],
    volumes: Array.from({ length: volumes }, (_, index) => ({
      key: `v${index}`,
      tenantId: 'tenant',
      target: `/v${index}`,
      readOnly: index === 1,
    })),
  };
  const points = input.volumes.map(({ key }) => `fsap-${key}`);
  const made = toDefinition(at, input, { uri: 'r/web@sha256:1', details: { architecture, config } }, points);
  const [container] = made.definition.containerDefinitions ?? [];
  const [override] = made.overrides.containerOverrides ?? [];
  return { ...made, container, override };
}

test('containers that differ in command, environment and size only share a definition', () => {
  const one = define({ command: ['a'], env: { A: '1' }, resources: { cpus: 2, memoryMiB: 5000 } });
  const other = define({ command: ['b'], resources: { memoryMiB: 100 } });
  expect(one.definition).toEqual(other.definition);
  expect(one.overrides).toMatchObject({ cpu: '2048', memory: '5120' });
  expect(one.override).toEqual({
    name: 'main',
    command: ['a'],
    environment: [{ name: 'A', value: '1' }],
    memory: 5000,
  });
  expect(other.overrides).toMatchObject({ cpu: '256', memory: '512' });
});

test('what cannot be overridden makes another definition', () => {
  const families = [
    define(),
    define({ user: 'nobody' }),
    define({ workdir: '/srv' }),
    define({ entrypoint: ['/other'] }),
    define({ readonlyRoot: true }),
    define({ ports: [{ containerPort: 80 }] }),
    define({ stop: { graceSeconds: 30 } }),
    define({}, { volumes: 1 }),
    define({}, { architecture: 'arm64' }),
  ].map(({ definition }) => definition.family);
  expect(new Set(families).size).toBe(families.length);
});

test('overrides that are too long for RunTask go into the definition', () => {
  const { container, override, overrides } = define({ command: ['a'], env: { A: 'x'.repeat(9000) } });
  expect(override).toEqual({ name: 'main' });
  expect(container).toMatchObject({ command: ['a'], environment: [{ name: 'A' }] });
  expect(JSON.stringify(overrides).length).toBeLessThan(8192);
});

test('what is too long for a definition as well is refused', () => {
  const env = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`A${index}`, 'x'.repeat(9000)]));
  expect(() => define({ env })).toThrow('64 KiB');
});

test("the image's command and entrypoint are used as Docker does", () => {
  expect(define().container).not.toHaveProperty('entryPoint');
  expect(define().override?.command).toEqual(['serve']);
  expect(define({ entrypoint: ['/other'] })).toMatchObject({ container: { entryPoint: ['/other'] } });
  expect(define({ entrypoint: ['/other'] }).override).not.toHaveProperty('command');
  const without = define({ entrypoint: [''], command: ['ls', '-l'] });
  expect(without.container?.entryPoint).toEqual(['ls']);
  expect(without.override?.command).toEqual(['-l']);
});

test("the image's health check is copied, within the bounds of ECS, and can be switched off", () => {
  expect(define().container?.healthCheck).toEqual({
    command: ['CMD', 'probe'],
    interval: 5,
    timeout: 30,
    retries: 3,
    startPeriod: 0,
  });
  expect(define({ healthcheck: { command: ['NONE'] } }).container).not.toHaveProperty('healthCheck');
});

test('no container has more capabilities than the usual set, and none after dropping ALL', () => {
  const dropped = (spec: Partial<ContainerSpecInput>) => define(spec).container?.linuxParameters?.capabilities?.drop;
  expect(dropped({})).toEqual(['AUDIT_WRITE', 'MKNOD', 'NET_RAW', 'SYS_CHROOT']);
  expect(dropped({ capabilities: { drop: ['CHOWN'] } })).toContain('CHOWN');
  expect(dropped({ capabilities: { drop: ['ALL'] } })).toHaveLength(14);
  expect(dropped({ capabilities: { drop: ['ALL'], add: ['KILL'] } })).not.toContain('KILL');
});

test('volumes are mounted through their access points, and roles are the tenant’s', () => {
  const { definition, container } = define({}, { volumes: 2 });
  expect(container?.mountPoints).toEqual([
    { sourceVolume: 'volume-0', containerPath: '/v0', readOnly: false },
    { sourceVolume: 'volume-1', containerPath: '/v1', readOnly: true },
  ]);
  expect(definition.volumes?.[1]).toMatchObject({
    name: 'volume-1',
    efsVolumeConfiguration: { transitEncryption: 'ENABLED', authorizationConfig: { accessPointId: 'fsap-v1' } },
  });
  expect(definition.executionRoleArn).toBe('arn:aws:iam::111122223333:role/tenant/execution');
  expect(definition.taskRoleArn).toBe('arn:aws:iam::111122223333:role/tenant/task');
});

test('the architecture is that of the image, and one that Fargate lacks is refused', () => {
  expect(define({}, { architecture: 'arm64' }).definition.runtimePlatform?.cpuArchitecture).toBe('ARM64');
  expect(() => define({}, { architecture: 'riscv64' })).toThrow('riscv64');
});

test('without a task role there is no init for exec, unless it is asked for', () => {
  const at = { ...site, settings: { ...settings, taskRole: null } };
  expect(define({}, { at }).container?.linuxParameters?.initProcessEnabled).toBe(false);
  expect(define({ init: true }, { at }).container?.linuxParameters?.initProcessEnabled).toBe(true);
  expect(define({}, { at }).definition).not.toHaveProperty('taskRoleArn');
});

test('a port under another number is served by a forwarder in the task, which starts again by itself', () => {
  const at = { ...site, settings: { ...settings, forwarderImage: 'example.org/socat:1' } };
  const ports = [
    { containerPort: 80, hostPort: 8080 },
    { containerPort: 443, hostPort: 443 },
  ];
  const { definition, container } = define({ ports }, { at });
  expect(container?.portMappings).toEqual([{ containerPort: 443, protocol: 'tcp' }]);
  expect(definition.containerDefinitions?.slice(1)).toEqual([
    {
      name: 'forward-8080-tcp',
      image: 'example.org/socat:1',
      essential: false,
      command: ['TCP-LISTEN:8080,fork,reuseaddr', 'TCP:127.0.0.1:80'],
      portMappings: [{ containerPort: 8080, protocol: 'tcp' }],
      linuxParameters: { initProcessEnabled: true },
      stopTimeout: 2,
      restartPolicy: { enabled: true, restartAttemptPeriod: 60 },
    },
  ]);
});

test('secrets are read by the execution role, below the tenant’s own names, and never written down', () => {
  const at = { ...site, settings: { ...settings, secretPrefix: 'shop/{tenant}/' } };
  const secrets = [
    { name: 'PASSWORD', secret: 'db/password' },
    { name: 'USER', secret: 'db/login#user' },
  ];
  const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/tenant/db';
  expect(define({ secrets }, { at }).container?.secrets).toEqual([
    { name: 'PASSWORD', valueFrom: `${arn}/password` },
    { name: 'USER', valueFrom: `${arn}/login:user::` },
  ]);
  expect(define({}, { at }).container).not.toHaveProperty('secrets');
});
