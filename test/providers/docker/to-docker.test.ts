/** What a spec becomes on the Engine, without one. */
import { expect, test } from 'vitest';
import { type ContainerSpecInput, containerSpec } from '../../../src/domain/container-spec.ts';
import { toDocker } from '../../../src/providers/docker/to-docker.ts';
import type { CreateInput } from '../../../src/providers/provider.ts';

const site = { installId: 'install-1', publishAddress: '192.0.2.7' };
const containerId = '0123456789abcdef'.repeat(4);

function body(spec: Partial<ContainerSpecInput> = {}, more: Partial<CreateInput> = {}) {
  const input: CreateInput = {
    key: 'ls-1',
    tenantId: 'tenant-1',
    containerId,
    incarnation: 3,
    name: 'web',
    spec: containerSpec.parse({ image: 'shop/web:1', ...spec }),
    imageId: `sha256:${'a'.repeat(64)}`,
    networks: [],
    volumes: [],
    ...more,
  };
  return toDocker(input, site);
}

test('our labels win over everything, and the tenant keeps its own', () => {
  const spec = { ...containerSpec.parse({ image: 'web' }), labels: { app: 'shop', 'longshore.tenant': 'forged' } };
  expect(body({}, { spec }).Labels).toMatchObject({
    app: 'shop',
    'longshore.install': 'install-1',
    'longshore.tenant': 'tenant-1',
    'longshore.container': containerId,
    'longshore.incarnation': '3',
  });
});

test('a container is confined whatever the spec says', () => {
  const { HostConfig } = body();
  expect(HostConfig).toMatchObject({
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    RestartPolicy: { Name: 'no' },
    AutoRemove: false,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    NetworkMode: 'none',
    IpcMode: 'private',
    CgroupnsMode: 'private',
  });
  for (const name of ['NET_RAW', 'MKNOD', 'SYS_CHROOT', 'AUDIT_WRITE', 'SYS_ADMIN']) {
    expect(HostConfig.CapAdd).not.toContain(name);
  }
});

test('limits are in the units of the Engine, and no swap comes on top', () => {
  const { HostConfig } = body({ resources: { memoryMiB: 64, cpus: 0.25, pids: 9 } });
  const bytes = 64 * 1024 * 1024;
  expect(HostConfig).toMatchObject({ Memory: bytes, MemorySwap: bytes, NanoCpus: 250_000_000, PidsLimit: 9 });
});

test('the hostname is the short id unless the spec names one', () => {
  expect(body().Hostname).toBe('0123456789ab');
  expect(body({ hostname: 'front' }).Hostname).toBe('front');
});

test('ports are published on the address of the operator, and an unstated one is left to the Engine', () => {
  const ports = [
    { containerPort: 80, hostPort: 8080 },
    { containerPort: 80 },
    { containerPort: 53, hostPort: 53, protocol: 'udp' as const },
  ];
  const { ExposedPorts, HostConfig } = body({ ports });
  expect(ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} });
  expect(HostConfig.PortBindings).toEqual({
    '80/tcp': [
      { HostIp: '192.0.2.7', HostPort: '8080' },
      { HostIp: '192.0.2.7', HostPort: '' },
    ],
    '53/udp': [{ HostIp: '192.0.2.7', HostPort: '53' }],
  });
});

test('command, entrypoint, environment, folder and user go through as they are, and stay away when absent', () => {
  const spec = { command: ['a b', '$c'], entrypoint: ['/bin/x'], env: { A: '1=2', B: '' }, workdir: '/w', user: '5:6' };
  expect(body(spec)).toMatchObject({
    Cmd: ['a b', '$c'],
    Entrypoint: ['/bin/x'],
    Env: ['A=1=2', 'B='],
    WorkingDir: '/w',
    User: '5:6',
  });
  const { Cmd, Entrypoint, WorkingDir, User, StopSignal, Healthcheck } = body();
  for (const absent of [Cmd, Entrypoint, WorkingDir, User, StopSignal, Healthcheck]) expect(absent).toBeUndefined();
});

test('the first network is the one it is made in, with its name, short id and aliases', () => {
  const network = { tenantId: 'tenant-1', internal: false };
  const networks = [
    { ...network, key: 'net-1', aliases: ['db'] },
    { ...network, key: 'net-2', aliases: [] },
  ];
  const made = body({}, { networks });
  expect(made.HostConfig.NetworkMode).toBe('net-1');
  expect(made.NetworkingConfig).toEqual({ EndpointsConfig: { 'net-1': { Aliases: ['web', '0123456789ab', 'db'] } } });
});

test('volumes are mounted by their keys, and tmpfs with its size', () => {
  const mounts = [
    { type: 'volume' as const, source: 'data', target: '/data' },
    { type: 'tmpfs' as const, target: '/tmp', sizeMiB: 8 },
    { type: 'tmpfs' as const, target: '/run' },
  ];
  const volumes = [{ key: 'vol-1', tenantId: 'tenant-1', target: '/data', readOnly: true }];
  const { HostConfig } = body({ mounts }, { volumes });
  expect(HostConfig.Mounts).toEqual([{ Type: 'volume', Source: 'vol-1', Target: '/data', ReadOnly: true }]);
  expect(HostConfig.Tmpfs).toEqual({ '/tmp': 'size=8388608', '/run': '' });
});

test.for([
  [
    ['test', '-e', '/ok'],
    ['CMD', 'test', '-e', '/ok'],
  ],
  [
    ['CMD-SHELL', 'test -e /ok'],
    ['CMD-SHELL', 'test -e /ok'],
  ],
  [['NONE'], ['NONE']],
])('the health check %j is asked for as %j', ([command = [], written]) => {
  const healthcheck = { command, intervalSeconds: 1.5, timeoutSeconds: 2, startPeriodSeconds: 0.25, retries: 4 };
  expect(body({ healthcheck }).Healthcheck).toEqual({
    Test: written,
    Interval: 1_500_000_000,
    Timeout: 2_000_000_000,
    StartPeriod: 250_000_000,
    Retries: 4,
  });
});

test.for([
  ['TERM', 'SIGTERM'],
  ['sigquit', 'SIGQUIT'],
  ['9', '9'],
])('the stop signal %s is asked for as %s', ([signal, written]) => {
  expect(body({ stop: { signal } }).StopSignal).toBe(written);
});
