/** What a create body becomes. The bodies in cli-bodies were sent by the docker CLI 28.2.2. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toSpec } from '../../../src/api/docker/translate.ts';

const cliBody = (name: string) => JSON.parse(readFileSync(new URL(`cli-bodies/${name}.json`, import.meta.url), 'utf8'));
const spec = (body: object) => toSpec({ Image: 'busybox', ...body }, {}).spec;
const host = (HostConfig: object) => spec({ HostConfig });
const refused = (body: object, code: string, message: RegExp) =>
  expect(() => toSpec({ Image: 'busybox', ...body }, {})).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );

describe('what the CLI sends', () => {
  test('without any option asks for nothing but image and command', () => {
    const { spec: made, ...rest } = toSpec(cliBody('plain'), {});
    expect(rest).toEqual({ warnings: [] });
    expect(JSON.parse(JSON.stringify(made))).toEqual({
      ...JSON.parse(JSON.stringify(spec({}))),
      command: ['true'],
      attach: ['stdout', 'stderr'],
    });
  });

  test('with every option asks for all of it', () => {
    const { spec: made, warnings } = toSpec(cliBody('everything'), {});
    expect(made).toMatchObject({
      env: { A: 'b' },
      unsetEnv: ['NOPE'],
      entrypoint: [''],
      user: '1000',
      groups: ['5'],
      hostname: 'hh',
      domainname: 'dd',
      labels: { k: 'v' },
      resources: { memoryMiB: 64, cpus: 0.5, shmMiB: 10 },
      ulimits: [{ name: 'nofile', soft: 10, hard: 20 }],
      capabilities: { add: ['CHOWN'], drop: ['ALL'] },
      sysctls: { 'net.core.somaxconn': '5' },
      ports: [
        { containerPort: 80, hostPort: 0, protocol: 'tcp' },
        { containerPort: 81, hostPort: 8080, protocol: 'udp' },
      ],
      expose: [{ containerPort: 99, protocol: 'tcp' }],
      publishAll: true,
      networks: [{ name: 'foo', aliases: ['al'] }],
      dns: { servers: ['1.1.1.1'], search: [], options: [] },
      extraHosts: [{ host: 'a', address: '1.2.3.4' }],
      restart: { policy: 'on-failure', maxRetries: 3 },
      stop: { signal: 'INT', graceSeconds: 3 },
      healthcheck: { command: ['CMD-SHELL', 'true'], intervalSeconds: 5 },
      tty: true,
      stdin: true,
      attach: ['stdin', 'stdout', 'stderr'],
      init: true,
      readonlyRoot: true,
    });
    expect(made.mounts).toEqual([
      { type: 'volume', source: 'vol', target: '/v', readOnly: true },
      { type: 'volume', source: 'v2', target: '/w', readOnly: false, copy: false },
      { type: 'volume', source: 'v3', target: '/m', readOnly: false, labels: { a: 'b' } },
      { type: 'tmpfs', target: '/tm', sizeMiB: 1, mode: 0o700 },
      { type: 'tmpfs', target: '/t', sizeMiB: 3, mode: 0o1770 },
      { type: 'volume', target: '/an', readOnly: false },
    ]);
    expect(warnings).toEqual([
      'HostConfig.ContainerIDFile: the file is for the client to write',
      'HostConfig.PortBindings.HostIp: ports are published on the address that the operator chose',
    ]);
  });

  test('with two networks asks for both, the first one first', () => {
    expect(toSpec(cliBody('two-networks'), {}).spec).toMatchObject({
      networks: [
        { name: 'a', aliases: ['x'] },
        { name: 'b', aliases: [] },
      ],
      healthcheck: { command: ['NONE'] },
    });
  });

  test('for a pipe without a network keeps both in mind', () => {
    expect(toSpec(cliBody('piped'), {}).spec).toMatchObject({
      noNetwork: true,
      networks: [],
      stdin: true,
      attach: ['stdin'],
      autoRemove: true,
    });
  });
});

describe('a field', () => {
  test.for([
    ['on the wrong level', { Privileged: true }, /^Privileged is not a field here; it belongs into HostConfig/],
    ['in another case', { hostconfig: { Privileged: true } }, /must be written HostConfig/],
    ['with a long s', { 'Ho\u017ftConfig': {} }, /must be written HostConfig/],
    ['below, with a long s', { HostConfig: { 'Bind\u017f': ['/:/x'] } }, /must be written Binds/],
    ['that nobody knows', { HostConfig: { Nonsense: 1 } }, /^HostConfig.Nonsense is not a field/],
    ['named like a method', { constructor: {} }, /^constructor is not a field/],
    ['of another type', { HostConfig: 'x' }, /^HostConfig must be an object/],
    ['that belongs into the query', { name: 'forged' }, /^name belongs into the query/],
  ] as const)('%s is refused', ([, body, message]) => refused(body, 'invalid', message));

  test('that asks for nothing may be anywhere docker-py puts it', () => {
    expect(spec({ Runtime: null, HostConfig: null, NetworkingConfig: null })).toEqual(spec({}));
  });

  test('of the query may be repeated', () => {
    const query = { name: 'web', platform: 'linux/amd64' };
    expect(toSpec({ Image: 'busybox', ...query }, query).spec).toEqual(spec({}));
  });
});

describe('refused, with what to do instead:', () => {
  test.for([
    ['Privileged', { Privileged: true }],
    ['PidMode', { PidMode: 'host' }],
    ['IpcMode', { IpcMode: 'container:x' }],
    ['UTSMode', { UTSMode: 'host' }],
    ['UsernsMode', { UsernsMode: 'host' }],
    ['CgroupnsMode', { CgroupnsMode: 'host' }],
    ['CgroupParent', { CgroupParent: '/' }],
    ['NetworkMode', { NetworkMode: 'host' }],
    ['NetworkMode', { NetworkMode: 'container:x' }],
    ['Devices', { Devices: [{ PathOnHost: '/dev/sda' }] }],
    ['DeviceRequests', { DeviceRequests: [{}] }],
    ['DeviceCgroupRules', { DeviceCgroupRules: ['a *:* rwm'] }],
    ['SecurityOpt', { SecurityOpt: ['seccomp:unconfined'] }],
    ['SecurityOpt', { SecurityOpt: ['apparmor=unconfined'] }],
    ['SecurityOpt', { SecurityOpt: ['no-new-privileges:false'] }],
    ['CapAdd', { CapAdd: ['SYS_ADMIN'] }],
    ['CapAdd', { CapAdd: ['ALL'] }],
    ['Sysctls', { Sysctls: { 'kernel.core_pattern': '|/x' } }],
    ['MaskedPaths', { MaskedPaths: [] }],
    ['ReadonlyPaths', { ReadonlyPaths: [] }],
    ['Runtime', { Runtime: 'other' }],
    ['OomKillDisable', { OomKillDisable: true }],
    ['OomScoreAdj', { OomScoreAdj: -1 }],
    ['LogConfig.Type', { LogConfig: { Type: 'syslog' } }],
    ['StorageOpt', { StorageOpt: { size: '1G' } }],
    ['Annotations', { Annotations: { a: 'b' } }],
    ['VolumeDriver', { VolumeDriver: 'nfs' }],
    ['Binds', { Binds: ['/x:/y:shared'] }],
    [
      'Mounts[0].BindOptions.Propagation',
      { Mounts: [{ Type: 'bind', Source: '/x', Target: '/y', BindOptions: { Propagation: 'shared' } }] },
    ],
    [
      'Mounts[0].VolumeOptions.DriverConfig.Options',
      { Mounts: [{ Type: 'volume', Target: '/y', VolumeOptions: { DriverConfig: { Options: { o: 'bind' } } } }] },
    ],
    ['Tmpfs', { Tmpfs: { '/t': 'suid' } }],
    ['Ulimits', { Ulimits: [{ Name: 'rtprio', Soft: 9, Hard: 9 }] }],
    ['CpusetCpus', { CpusetCpus: '0' }],
    ['ExtraHosts', { ExtraHosts: ['h:host-gateway'] }],
  ] as const)('%s of %j', ([field, hostConfig]) => {
    const name = field.replaceAll(/[.[\]]/g, '\\$&');
    refused({ HostConfig: hostConfig }, 'forbidden', new RegExp(`^HostConfig\\.${name} is refused: .+\\. \\S+`));
  });

  test.for([
    ['an address', { NetworkingConfig: { EndpointsConfig: { n: { IPAMConfig: { IPv4Address: '10.1.1.1' } } } } }],
    ['a MAC address', { MacAddress: '02:42:ac:11:00:02' }],
    ['SCTP', { ExposedPorts: { '80/sctp': {} } }],
  ] as const)('%s', ([, body]) => refused(body, 'unsupported', /is refused: .+\. \S+/));
});

describe('approximated, with a warning:', () => {
  test.for([
    [{ MemorySwap: -1 }, /^HostConfig.MemorySwap: no swap/],
    [{ Links: ['db:d'] }, /^HostConfig.Links: containers of one network/],
    [{ MemorySwappiness: 60 }, /^HostConfig.MemorySwappiness: no swap/],
    [{ LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } } }, /^HostConfig.LogConfig.Config: /],
    [{ Binds: ['data:/data:Z'] }, /^HostConfig.Binds: the option "Z"/],
  ] as const)('%j', ([hostConfig, warning]) => {
    const { warnings } = toSpec({ Image: 'busybox', HostConfig: hostConfig }, {});
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test('but not where it makes no difference', () => {
    const HostConfig = {
      Memory: 64 * 2 ** 20,
      MemorySwap: 64 * 2 ** 20,
      MemorySwappiness: -1,
      LogConfig: { Type: 'local' },
    };
    expect(toSpec({ Image: 'busybox', HostConfig }, {}).warnings).toEqual([]);
  });
});

describe('values', () => {
  test.for([
    ['NanoCpus', { NanoCpus: 250_000_000 }, { cpus: 0.25 }],
    ['a quota', { CpuQuota: 50_000 }, { cpus: 0.5 }],
    ['a quota of a period', { CpuQuota: 10_000, CpuPeriod: 40_000 }, { cpus: 0.25 }],
    ['bytes that are no MiB', { Memory: 10_000_001 }, { memoryMiB: 10_000_001 / 2 ** 20 }],
    ['no limit of processes', { PidsLimit: -1 }, {}],
    ['an OOM score', { OomScoreAdj: 500 }, { oomScoreAdj: 500 }],
  ] as const)('of resources: %s', ([, hostConfig, resources]) => expect(host(hostConfig).resources).toEqual(resources));

  test.for([
    ['/x', { type: 'volume', target: '/x', readOnly: false }],
    ['data:/x', { type: 'volume', source: 'data', target: '/x', readOnly: false }],
    ['data:/x/../y/:ro,nocopy', { type: 'volume', source: 'data', target: '/y', readOnly: true, copy: false }],
    ['/srv/a:/x:ro', { type: 'bind', source: '/srv/a', target: '/x', readOnly: true }],
  ] as const)('of Binds: %s', ([bind, mount]) => expect(host({ Binds: [bind] }).mounts).toEqual([mount]));

  test.for(['a:b:c:d', ':/x', 'a:', 'data:/x:nonsense'])('of Binds: %s is refused', (bind) =>
    refused({ HostConfig: { Binds: [bind] } }, 'invalid', /^HostConfig.Binds/),
  );

  test('of Volumes give way to mounts of the same path', () => {
    const mounts = spec({ Volumes: { '/a': {}, '/b/': {} }, HostConfig: { Binds: ['v:/b'] } }).mounts;
    expect(mounts.map(({ target }) => target)).toEqual(['/b', '/a']);
  });

  test('of Cmd and Entrypoint may be one text, and an empty entrypoint takes the image’s away', () => {
    expect(spec({ Cmd: 'ls', Entrypoint: 'sh' })).toMatchObject({ command: ['ls'], entrypoint: ['sh'] });
    expect(spec({ Entrypoint: [] }).entrypoint).toEqual([]);
    expect(spec({ Entrypoint: null, Cmd: [] })).not.toHaveProperty('entrypoint', expect.anything());
  });

  test('of networks: the endpoints say which, and a default one has many names', () => {
    const on = (NetworkMode: string, EndpointsConfig: object) =>
      spec({ HostConfig: { NetworkMode }, NetworkingConfig: { EndpointsConfig } }).networks.map(({ name }) => name);
    expect(on('default', { default: {} })).toEqual([]);
    expect(on('bridge', {})).toEqual([]);
    expect(on('web', {})).toEqual(['web']);
    expect(on('default', { web: null })).toEqual(['web']);
    expect(on('b', { a: {}, b: {} })).toEqual(['b', 'a']);
    expect(on('bridge', { bridge: { Aliases: ['x'] } })).toEqual(['default']);
  });

  test('of VolumesFrom are left to be resolved', () => {
    expect(host({ VolumesFrom: ['a', 'b:ro', 'c:rw'] }).volumesFrom).toEqual([
      { container: 'a' },
      { container: 'b', readOnly: true },
      { container: 'c', readOnly: false },
    ]);
  });

  test('of a restart policy must make sense', () => {
    refused({ HostConfig: { RestartPolicy: { Name: 'always' }, AutoRemove: true } }, 'invalid', /AutoRemove/);
    refused({ HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } } }, 'invalid', /on-failure/);
  });

  test('of standard input that stays open', () => {
    expect(spec({ OpenStdin: true })).toMatchObject({ stdin: true, stdinOnce: false });
    expect(spec({ OpenStdin: true, StdinOnce: true }).stdinOnce).toBeUndefined();
  });

  test('of ports: exposed ones are not published, and a range is refused', () => {
    const made = spec({ ExposedPorts: { '80/tcp': {}, 53: {} }, HostConfig: { PortBindings: { '80/tcp': null } } });
    expect(made.ports).toEqual([]);
    expect(made.expose).toEqual(
      expect.arrayContaining([
        { containerPort: 80, protocol: 'tcp' },
        { containerPort: 53, protocol: 'tcp' },
      ]),
    );
    refused({ HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '1-2' }] } } }, 'invalid', /PortBindings/);
    refused({ ExposedPorts: { '0/tcp': {} } }, 'invalid', /ExposedPorts/);
  });
});
