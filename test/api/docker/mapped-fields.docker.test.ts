/**
 * Every mapped field of a create body does something: seen from inside the container, or on the Engine past Longshore. A
 * mapped field without a case here fails the build.
 */
import type { ContainerInspectInfo } from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerFields } from '../../../src/api/docker/container-fields.ts';
import type { FieldTable } from '../../../src/api/docker/fields.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { openDocker, testDockerHost } from '../../support/engine.ts';
import { waitFor } from '../../support/wait-for.ts';

let app: TestApp;
const engine = () => openDocker(testDockerHost());

beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  await post('/networks/create', { Name: 'web' });
  const other = await create({ Cmd: ['sleep', '60'], HostConfig: { Binds: ['lent:/lent'] } });
  await post(`/containers/${other}/rename?name=other`);
});
afterAll(() => app.close());

const post = <T>(path: string, body?: unknown) =>
  app.a.admin.expect<T>(path.includes('create') ? 201 : 204, 'POST', path, body);

async function create(body: object, query = ''): Promise<string> {
  const path = `/containers/create${query}`;
  return (await post<{ Id: string }>(path, { Image: app.image, ...body })).Id;
}

const inspect = (id: string) => app.a.admin.expect<ContainerInspectInfo>(200, 'GET', `/containers/${id}/json`);

/** What a script in it says until it ends. */
async function said(body: object): Promise<string> {
  const id = await create(body);
  await post(`/containers/${id}/start`);
  await app.a.admin.expect(200, 'POST', `/containers/${id}/wait`);
  const answer = await app.a.admin.send('GET', `/v1/containers/${id}/logs`, undefined, {
    accept: 'application/x-ndjson',
  });
  return (await answer.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).line ?? JSON.parse(line).text)
    .join('\n');
}

/** What the Engine itself knows of it. */
async function onEngine(body: object, start = false): Promise<ContainerInspectInfo> {
  const id = await create({ Cmd: ['sleep', '60'], ...body });
  if (start) await post(`/containers/${id}/start`);
  return engine().getContainer(`ls-${id}-1`).inspect();
}

interface Case {
  fields: string[];
  body: object;
  /** From inside, one line of output after the other. */
  script?: string;
  says?: RegExp;
  /** On the Engine. */
  engine?: object;
  /** …once it runs. */
  running?: true;
}

const MiB = 2 ** 20;
const host = (name: string) => `HostConfig.${name}`;

const cases: Case[] = [
  { fields: ['Image', 'Cmd', 'Entrypoint'], body: { Entrypoint: ['echo', 'a b'], Cmd: ['c'] }, says: /^a b c$/ },
  {
    fields: ['Env'],
    body: { Env: ['A=x y', 'B'] },
    script: 'echo "$A"; env | grep ^B= || echo none',
    says: /^x y\nnone$/,
  },
  { fields: ['WorkingDir'], body: { WorkingDir: '/tmp' }, script: 'pwd', says: /^\/tmp$/ },
  {
    fields: ['User', host('GroupAdd')],
    body: { User: '7:8', HostConfig: { GroupAdd: ['9'] } },
    script: 'id -u; id -G',
    says: /^7\n8 9$/,
  },
  { fields: ['Hostname'], body: { Hostname: 'front' }, script: 'hostname', says: /^front$/ },
  { fields: ['Domainname'], body: { Domainname: 'shop.test' }, engine: { Config: { Domainname: 'shop.test' } } },
  { fields: ['Labels'], body: { Labels: { tier: 'web' } }, engine: { Config: { Labels: { tier: 'web' } } } },
  { fields: ['Tty'], body: { Tty: true }, script: '[ -t 1 ] && echo terminal', says: /^terminal\r?$/ },
  {
    fields: ['OpenStdin', 'StdinOnce'],
    body: { OpenStdin: true, StdinOnce: true },
    engine: { Config: { OpenStdin: true, StdinOnce: true } },
  },
  {
    fields: ['OpenStdin', 'StdinOnce'],
    body: { OpenStdin: true },
    engine: { Config: { OpenStdin: true, StdinOnce: false } },
  },
  {
    fields: ['AttachStdin', 'AttachStdout', 'AttachStderr'],
    body: { AttachStdin: true, AttachStdout: false, AttachStderr: true },
    engine: { Config: { AttachStdin: true, AttachStdout: false, AttachStderr: true } },
  },
  {
    fields: ['ExposedPorts'],
    body: { ExposedPorts: { '81/udp': {} } },
    engine: { Config: { ExposedPorts: { '81/udp': {} } } },
  },
  {
    fields: ['Volumes'],
    body: { Volumes: { '/cache': {} } },
    engine: { Mounts: [{ Type: 'volume', Destination: '/cache', RW: true }] },
  },
  {
    fields: ['Test', 'Interval', 'Timeout', 'StartPeriod', 'Retries'].map((name) => `Healthcheck.${name}`),
    body: { Healthcheck: { Test: ['CMD', 'true'], Interval: 2e9, Timeout: 3e9, StartPeriod: 4e9, Retries: 5 } },
    engine: {
      Config: { Healthcheck: { Test: ['CMD', 'true'], Interval: 2e9, Timeout: 3e9, StartPeriod: 4e9, Retries: 5 } },
    },
  },
  { fields: ['StopSignal'], body: { StopSignal: 'SIGUSR1' }, engine: { Config: { StopSignal: 'SIGUSR1' } } },
  { fields: ['NetworkDisabled'], body: { NetworkDisabled: true }, script: 'ls /sys/class/net', says: /^lo$/ },
  {
    fields: [host('NetworkMode')],
    body: { HostConfig: { NetworkMode: 'none' } },
    script: 'ls /sys/class/net',
    says: /^lo$/,
  },
  { fields: [host('Init')], body: { HostConfig: { Init: true } }, script: 'cat /proc/1/comm', says: /^docker-init$/ },
  {
    fields: [host('ReadonlyRootfs')],
    body: { HostConfig: { ReadonlyRootfs: true } },
    script: 'touch /x 2>/dev/null || echo refused',
    says: /^refused$/,
  },
  {
    fields: [host('ShmSize')],
    body: { HostConfig: { ShmSize: 3 * MiB } },
    script: 'df -k /dev/shm | tail -n 1',
    says: / 3072 /,
  },
  {
    fields: [host('Sysctls')],
    body: { HostConfig: { Sysctls: { 'net.core.somaxconn': '99' } } },
    script: 'cat /proc/sys/net/core/somaxconn',
    says: /^99$/,
  },
  {
    fields: [host('ConsoleSize')],
    body: { Tty: true, HostConfig: { ConsoleSize: [24, 80] } },
    engine: { HostConfig: { ConsoleSize: [24, 80] } },
  },
  {
    fields: [host('OomScoreAdj')],
    body: { HostConfig: { OomScoreAdj: 321 } },
    script: 'cat /proc/self/oom_score_adj',
    says: /^321$/,
  },
  {
    fields: [host('SecurityOpt')],
    body: { HostConfig: { SecurityOpt: ['no-new-privileges'] } },
    script: 'grep NoNewPrivs /proc/self/status',
    says: /1$/,
  },
  // CHOWN alone is the lowest bit.
  {
    fields: [host('CapAdd'), host('CapDrop')],
    body: { HostConfig: { CapDrop: ['ALL'], CapAdd: ['CAP_CHOWN'] } },
    script: 'grep CapEff /proc/self/status',
    says: /\t0+1$/,
  },
  {
    fields: [host('CapDrop')],
    body: { HostConfig: { CapDrop: ['chown'] } },
    script: 'chown 5 /tmp 2>/dev/null || echo refused',
    says: /^refused$/,
  },
  {
    fields: [host('Memory')],
    body: { HostConfig: { Memory: 64 * MiB } },
    engine: { HostConfig: { Memory: 64 * MiB, MemorySwap: 64 * MiB } },
  },
  {
    fields: [host('MemoryReservation')],
    body: { HostConfig: { Memory: 64 * MiB, MemoryReservation: 32 * MiB } },
    engine: { HostConfig: { MemoryReservation: 32 * MiB } },
  },
  { fields: [host('NanoCpus')], body: { HostConfig: { NanoCpus: 5e8 } }, engine: { HostConfig: { NanoCpus: 5e8 } } },
  {
    fields: [host('CpuQuota'), host('CpuPeriod')],
    body: { HostConfig: { CpuQuota: 10_000, CpuPeriod: 40_000 } },
    engine: { HostConfig: { NanoCpus: 2.5e8 } },
  },
  { fields: [host('CpuShares')], body: { HostConfig: { CpuShares: 512 } }, engine: { HostConfig: { CpuShares: 512 } } },
  { fields: [host('PidsLimit')], body: { HostConfig: { PidsLimit: 33 } }, engine: { HostConfig: { PidsLimit: 33 } } },
  {
    fields: ['Name', 'Soft', 'Hard'].map((name) => host(`Ulimits.${name}`)),
    body: { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 50, Hard: 60 }] } },
    script: 'ulimit -Sn; ulimit -Hn',
    says: /^50\n60$/,
  },
  {
    fields: [host('Dns'), host('DnsSearch'), host('DnsOptions')],
    body: { HostConfig: { Dns: ['192.0.2.53'], DnsSearch: ['shop.test'], DnsOptions: ['ndots:3'] } },
    engine: { HostConfig: { Dns: ['192.0.2.53'], DnsSearch: ['shop.test'], DnsOptions: ['ndots:3'] } },
  },
  {
    fields: [host('ExtraHosts')],
    body: { HostConfig: { ExtraHosts: ['db.test:192.0.2.9'] } },
    script: 'grep db.test /etc/hosts',
    says: /^192\.0\.2\.9\s+db\.test$/,
  },
  {
    fields: [host('Tmpfs')],
    body: { HostConfig: { Tmpfs: { '/t': 'size=1m,mode=700,exec' } } },
    script: 'grep " /t " /proc/mounts',
    says: /tmpfs rw,.*size=1024k,mode=700/,
  },
  {
    fields: [host('Binds')],
    body: { HostConfig: { Binds: ['bound:/b:ro'] } },
    script: 'grep " /b " /proc/mounts; touch /b/x 2>/dev/null || echo refused',
    says: / ro,[^\n]*\nrefused$/,
  },
  {
    fields: ['Type', 'Source', 'Target', 'ReadOnly'].map((name) => host(`Mounts.${name}`)),
    body: { HostConfig: { Mounts: [{ Type: 'volume', Source: 'mounted', Target: '/m', ReadOnly: true }] } },
    script: 'grep " /m " /proc/mounts',
    says: / ro,/,
  },
  {
    fields: [host('Mounts.VolumeOptions.NoCopy')],
    body: { HostConfig: { Mounts: [{ Type: 'volume', Target: '/bin2', VolumeOptions: { NoCopy: true } }] } },
    engine: { HostConfig: { Mounts: [{ Target: '/bin2', VolumeOptions: { NoCopy: true } }] } },
  },
  {
    fields: ['SizeBytes', 'Mode', 'Options'].map((name) => host(`Mounts.TmpfsOptions.${name}`)),
    body: {
      HostConfig: {
        Mounts: [
          { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 2 * MiB, Mode: 0o750, Options: [['exec']] } },
        ],
      },
    },
    script: 'grep " /t " /proc/mounts; grep " /t " /proc/mounts | grep noexec || echo executable',
    says: /size=2048k,mode=750[^\n]*\nexecutable$/,
  },
  {
    fields: [host('VolumesFrom')],
    body: { HostConfig: { VolumesFrom: ['other:ro'] } },
    script: 'grep " /lent " /proc/mounts',
    says: / ro,/,
  },
  {
    fields: [host('PortBindings.HostPort')],
    body: { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } },
    running: true,
    engine: {
      NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^\d+$/) }] } },
    },
  },
  {
    fields: [host('PublishAllPorts')],
    body: { ExposedPorts: { '81/tcp': {} }, HostConfig: { PublishAllPorts: true } },
    running: true,
    engine: {
      NetworkSettings: { Ports: { '81/tcp': [{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^\d+$/) }] } },
    },
  },
];

describe('a mapped field has an effect:', () => {
  test.for(cases.map((one) => [one.fields.join(' '), one] as const))(
    '%s',
    async ([, { body, script, says, engine: seen, running }]) => {
      const command = script === undefined ? {} : { Cmd: ['sh', '-c', script] };
      if (says) expect(await said({ ...command, ...body })).toMatch(says);
      if (seen) expect(await onEngine(body, running)).toMatchObject(seen);
    },
  );

  test('StopTimeout', async () => {
    const id = await create({ Cmd: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"], StopTimeout: 1 });
    await post(`/containers/${id}/start`);
    const started = performance.now();
    await post(`/containers/${id}/stop`);
    expect(performance.now() - started).toBeLessThan(9000);
    expect((await inspect(id)).State.ExitCode).toBe(137);
  });

  test('HostConfig.RestartPolicy.Name HostConfig.RestartPolicy.MaximumRetryCount', async () => {
    const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 };
    const id = await create({ Cmd: ['sh', '-c', 'exit 3'], HostConfig: { RestartPolicy } });
    await post(`/containers/${id}/start`);
    const settled = async () => {
      const found = await inspect(id);
      if (found.State.Status !== 'exited' || found.RestartCount < 2) throw new Error(found.State.Status);
      return found;
    };
    expect(await waitFor(settled, { timeoutMs: 30_000, intervalMs: 100 })).toMatchObject({
      RestartCount: 2,
      State: { ExitCode: 3 },
    });
  });

  test('HostConfig.AutoRemove', async () => {
    const id = await create({ Cmd: ['true'], HostConfig: { AutoRemove: true } });
    await post(`/containers/${id}/start`);
    const gone = async () => {
      const answer = await app.a.admin.send('GET', `/containers/${id}/json`);
      return answer.status === 404;
    };
    await waitFor(gone, { timeoutMs: 20_000, intervalMs: 100 });
  });

  test('HostConfig.Mounts.VolumeOptions.Labels', async () => {
    const mount = { Type: 'volume', Source: 'labelled', Target: '/l', VolumeOptions: { Labels: { tier: 'db' } } };
    await create({ HostConfig: { Mounts: [mount] } });
    expect(await app.a.admin.expect(200, 'GET', '/volumes/labelled')).toMatchObject({ Labels: { tier: 'db' } });
  });

  test('NetworkingConfig.EndpointsConfig.Aliases', async () => {
    const EndpointsConfig = { web: { Aliases: ['database'] }, bridge: {} };
    const id = await create({
      Cmd: ['sleep', '60'],
      HostConfig: { NetworkMode: 'web' },
      NetworkingConfig: { EndpointsConfig },
    });
    await post(`/containers/${id}/start`);
    const { Networks } = (await engine().getContainer(`ls-${id}-1`).inspect()).NetworkSettings;
    expect(
      Object.values(Networks)
        .map(({ Aliases }) => Aliases?.includes('database'))
        .sort(),
    ).toEqual([false, true]);
    const asked = { Cmd: ['sh', '-c', 'nslookup database 127.0.0.11'], HostConfig: { NetworkMode: 'web' } };
    const address = (await inspect(id)).NetworkSettings.Networks.web?.IPAddress ?? 'none';
    expect(await said(asked)).toContain(address);
  });

  test('name platform', async () => {
    const id = await create({ name: 'repeated', platform: 'linux/amd64' }, '?name=repeated&platform=linux/amd64');
    expect((await inspect(id)).Name).toBe('/repeated');
    const other = { Image: app.image, name: 'other' };
    await app.a.admin.expect(400, 'POST', '/containers/create?name=one', other);
    const wanted = { Image: app.image, platform: 'linux/s390x' };
    await app.a.admin.expect(404, 'POST', '/containers/create?platform=linux/s390x', wanted);
  });
});

/** In the names of the tests that are no rows of the table. */
const apart = [
  ...['StopTimeout', 'name', 'platform', 'NetworkingConfig.EndpointsConfig.Aliases'],
  ...['RestartPolicy.Name', 'RestartPolicy.MaximumRetryCount', 'AutoRemove', 'Mounts.VolumeOptions.Labels'].map(host),
];

/** Those that are mapped by themselves and not by what is in them. */
function mappedIn(table: FieldTable, path = ''): string[] {
  return Object.entries(table).flatMap(([name, field]) => {
    if (field.verdict !== 'mapped') return [];
    return field.fields ? mappedIn(field.fields, `${path}${name}.`) : [path + name];
  });
}

test('what the Engine itself says of a container has a verdict each', async () => {
  const { Config, HostConfig, NetworkSettings } = await onEngine({}, true);
  const unknown = (names: string[], table: FieldTable = {}) => names.filter((name) => !Object.hasOwn(table, name));
  const inner = (table: FieldTable, name: string): FieldTable => {
    const field = table[name];
    return field?.verdict === 'mapped' ? (field.fields ?? {}) : {};
  };
  const endpoints = inner(inner(containerFields, 'NetworkingConfig'), 'EndpointsConfig');
  expect(unknown(Object.keys(Config), containerFields)).toEqual([]);
  expect(unknown(Object.keys(HostConfig), inner(containerFields, 'HostConfig'))).toEqual([]);
  expect(unknown(Object.values(NetworkSettings.Networks).flatMap(Object.keys), endpoints)).toEqual([]);
});

test('no mapped field is without a case', () => {
  const covered = [...new Set([...apart, ...cases.flatMap(({ fields }) => fields)])];
  expect(covered.sort()).toEqual(mappedIn(containerFields).sort());
});
