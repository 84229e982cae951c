/** What clients are told of a container. */
import { describe, expect, test } from 'vitest';
import { toInspect, toListItem } from '../../../src/api/docker/container-views.ts';
import { toSpec } from '../../../src/api/docker/translate.ts';
import type { Run } from '../../../src/domain/container.ts';
import type { ContainerDetails } from '../../../src/domain/container-details.ts';
import type { ImageConfig } from '../../../src/domain/image.ts';
import { aContainer, ago, now } from '../../support/container.ts';

const image: ImageConfig = {
  entrypoint: ['/entry'],
  command: ['serve'],
  env: ['PATH=/bin', 'LANG=C', 'GONE=1'],
  workdir: '/srv',
  user: 'app',
  labels: { of: 'image', both: 'image' },
  exposedPorts: ['80/tcp'],
  volumes: ['/cache'],
  stopSignal: 'SIGQUIT',
  healthcheck: null,
  shell: null,
  onBuild: [],
};
const attachment = {
  networkId: 'n'.repeat(64),
  name: 'default',
  isDefault: true,
  internal: false,
  ipam: null,
  key: 'ls-net-1',
  aliases: ['web'],
};
const endpoint = { address: '172.18.0.2', prefixLength: 16, gateway: '172.18.0.1', mac: '02:42:ac:12:00:02' };

type Change = Parameters<typeof aContainer>[0] & { image?: ImageConfig | null; volumes?: ContainerDetails['volumes'] };

function details(
  body: object = {},
  { image: ofImage = image, volumes = [], ...change }: Change = {},
  run: Partial<Run> = {},
) {
  const { spec } = toSpec({ Image: 'shop/web:1', ...body }, {});
  return { ...aContainer({ attachments: [attachment], ...change }, run), spec, image: ofImage, volumes };
}

const inspect = (...made: Parameters<typeof details>) => toInspect(details(...made), '1.44');
const item = (...made: Parameters<typeof details>) => toListItem(details(...made), '1.44', now.getTime());

describe('inspect', () => {
  test('puts image and wishes together as the Engine does', () => {
    const body = {
      Env: ['A=1', 'LANG=de', 'GONE'],
      Labels: { both: 'own' },
      ExposedPorts: { '81/tcp': {} },
      Cmd: ['go'],
    };
    const { Config, Path, Args, Image, Name } = inspect(body);
    expect({ Path, Args, Name }).toEqual({ Path: '/entry', Args: ['go'], Name: '/web' });
    expect(Image).toMatch(/^sha256:/);
    expect(Config).toMatchObject({
      Image: 'shop/web:1',
      Env: ['A=1', 'LANG=de', 'PATH=/bin'],
      Labels: { of: 'image', both: 'own' },
      ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
      Volumes: { '/cache': {} },
      Entrypoint: ['/entry'],
      Cmd: ['go'],
      WorkingDir: '/srv',
      User: 'app',
      StopSignal: 'SIGQUIT',
      Hostname: 'a'.repeat(12),
    });
  });

  test.for([
    [{}, ['/entry'], ['serve']],
    [{ Entrypoint: ['sh'] }, ['sh'], null],
    [{ Entrypoint: [] }, null, ['serve']],
    [{ Entrypoint: [''], Cmd: ['ls'] }, null, ['ls']],
  ] as const)('of %j executes %j %j', ([body, Entrypoint, Cmd]) => {
    expect(inspect(body).Config).toMatchObject({ Entrypoint, Cmd });
  });

  test('of a body that comes from it makes the same container again', () => {
    const asked = {
      Cmd: ['a', 'b c'],
      Entrypoint: ['sh'],
      Env: ['A=1'],
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      AttachStdout: true,
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1_500_000_000, Retries: 2 },
      StopTimeout: 3,
      Volumes: { '/anonymous': {} },
      HostConfig: {
        VolumesFrom: ['other:ro', 'more'],
        Binds: ['data:/data:ro', 'more:/more:nocopy'],
        Mounts: [{ Type: 'volume', Source: 'x', Target: '/x', VolumeOptions: { Labels: { a: 'b' } } }],
        Tmpfs: { '/t': 'size=1048576,mode=700,exec' },
        PortBindings: { '80/tcp': [{ HostPort: '8080' }] },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
        Memory: 67_108_864,
        NanoCpus: 500_000_000,
        CpuShares: 512,
        PidsLimit: 9,
        ShmSize: 1_048_576,
        Ulimits: [{ Name: 'nofile', Soft: 5, Hard: 6 }],
        CapAdd: ['CAP_CHOWN'],
        CapDrop: ['ALL'],
        Dns: ['1.1.1.1'],
        ExtraHosts: ['a:1.2.3.4'],
        GroupAdd: ['5'],
        Sysctls: { 'net.core.somaxconn': '5' },
        Init: true,
        ReadonlyRootfs: true,
        ConsoleSize: [24, 80],
      },
    };
    const mine = { image: null, volumes: [{ position: 4, name: 'f'.repeat(64), anonymous: true }] };
    // As a provider has it that rounds limits up.
    const container = details(asked, mine, { resources: { cpus: 2, memoryMiB: 4096 } });
    const { Config, HostConfig } = toInspect(container, '1.44');
    expect(HostConfig).toMatchObject({
      ...asked.HostConfig,
      Annotations: { 'longshore.size.cpus': '2', 'longshore.size.memory': '4294967296' },
    });
    const { spec, warnings } = toSpec({ ...Config, HostConfig }, {});
    expect(warnings).toEqual([]);
    expect({ ...spec, mounts: sorted(spec.mounts) }).toEqual({
      ...container.spec,
      hostname: 'a'.repeat(12),
      mounts: sorted(container.spec.mounts),
    });
  });

  test('shows the networks with what was seen there, and the default one as bridge', () => {
    const networks = { 'ls-net-1': { ...endpoint, aliases: [] } };
    const { NetworkSettings, HostConfig } = inspect({}, {}, { networks });
    expect(HostConfig.NetworkMode).toBe('bridge');
    expect(NetworkSettings).toMatchObject({ IPAddress: '172.18.0.2', Gateway: '172.18.0.1' });
    expect(NetworkSettings.Networks.bridge).toMatchObject({
      NetworkID: attachment.networkId,
      IPAddress: '172.18.0.2',
      IPPrefixLen: 16,
      MacAddress: '02:42:ac:12:00:02',
      Aliases: ['web', 'a'.repeat(12)],
      DNSNames: ['web', 'a'.repeat(12), 'web'],
    });
    expect(toInspect(details(), '1.45').NetworkSettings.Networks.bridge?.Aliases).toEqual(['web']);
    expect(toInspect(details(), '1.43').NetworkSettings.Networks.bridge).not.toHaveProperty('DNSNames');
    expect(inspect({}, { attachments: [] }).HostConfig.NetworkMode).toBe('none');
  });

  test('shows ports while it runs: published ones with their place, exposed ones with none', () => {
    const ports = [{ containerPort: 80, hostPort: 49_153, hostAddress: '127.0.0.1', protocol: 'tcp' as const }];
    const body = { ExposedPorts: { '99/udp': {} }, HostConfig: { PortBindings: { '80/tcp': [{}] } } };
    expect(inspect(body, {}, { ports }).NetworkSettings.Ports).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '49153' }],
      '99/udp': null,
    });
    expect(item(body, {}, { ports }).Ports).toEqual([
      { IP: '127.0.0.1', PrivatePort: 80, PublicPort: 49_153, Type: 'tcp' },
      { PrivatePort: 99, Type: 'udp' },
    ]);
    expect(inspect(body, { desired: 'stopped' }, { phase: 'exited' }).NetworkSettings.Ports).toEqual({});
  });

  test('says why a start failed', () => {
    const failure = { code: 'invalid' as const, message: 'exec: "nope": executable file not found in $PATH' };
    const { State } = inspect({}, {}, { phase: 'failed', failure, startedAt: null });
    expect(State).toMatchObject({ Status: 'created', Running: false, ExitCode: 127, Error: failure.message });
    expect(State).toMatchObject({ StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' });
  });
});

const sorted = (mounts: ContainerDetails['spec']['mounts']) =>
  mounts.toSorted((a, b) => a.target.localeCompare(b.target));

describe('the status text', () => {
  test.for([
    ['Up 5 seconds', {}, {}],
    ['Up 3 minutes (healthy)', {}, { startedAt: ago(200), health: 'healthy' }],
    ['Up About an hour (health: starting)', {}, { startedAt: ago(3600), health: 'starting' }],
    ['Up 2 days (Paused)', { desired: 'paused' }, { phase: 'paused', startedAt: ago(2 * 86_400) }],
    ['Exited (0) 2 hours ago', { desired: 'stopped' }, { phase: 'exited', exitCode: 0, finishedAt: ago(7200) }],
    [
      'Exited (137) 3 weeks ago',
      { desired: 'stopped' },
      { phase: 'exited', exitCode: 137, finishedAt: ago(22 * 86_400) },
    ],
    ['Restarting (1) Less than a second ago', {}, { phase: 'exited', exitCode: 1, finishedAt: now, restartAt: now }],
    ['Created', { desired: 'created' }, { phase: 'created', startedAt: null }],
    ['Dead', {}, { phase: 'lost' }],
    ['Removal In Progress', { desired: 'removed' }, {}],
  ] as const)('%s', ([text, change, run]) => {
    expect(item({}, change, run).Status).toBe(text);
  });
});

test('a list item shows the command in one line and the network mode', () => {
  expect(item({ Cmd: ['a', 'b c'] })).toMatchObject({
    Names: ['/web'],
    Command: "/entry a 'b c'",
    HostConfig: { NetworkMode: 'bridge' },
    State: 'running',
  });
});

test('a mount never says where on the host it is', () => {
  const volumes = [{ position: 0, name: 'data', anonymous: false }];
  const [mount] = inspect({ HostConfig: { Binds: ['data:/data:ro'] } }, { volumes }).Mounts;
  expect(mount).toMatchObject({ Type: 'volume', Name: 'data', Source: '', Destination: '/data', RW: false });
});
