/** ContainerSpec to the body of the Engine's container create. Pure. Everything that confines a container is decided here. */
import type { ContainerSpec } from '../../domain/container-spec.ts';
import type { CreateInput } from '../provider.ts';
import { confinement, limits } from './confinement.ts';
import { markLabels } from './labels.ts';
import { mountsOf } from './mounts.ts';

const nanoseconds = 1_000_000_000;

/** The first network is the one that the container is made in; the Engine takes only one at creation. */
export function toDocker(input: CreateInput, site: { installId: string; publishAddress: string }) {
  const { spec } = input;
  const [first] = input.networks;
  return {
    Image: input.imageId,
    Hostname: spec.hostname ?? shortId(input.containerId),
    Domainname: spec.domainname,
    Entrypoint: spec.entrypoint,
    Cmd: spec.command,
    Env: [...(spec.unsetEnv ?? []), ...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`)],
    WorkingDir: spec.workdir,
    User: spec.user,
    Labels: {
      ...spec.labels,
      ...markLabels({ ...input, installId: site.installId }),
    },
    StopSignal: spec.stop.signal && signalText(spec.stop.signal),
    Healthcheck: healthcheck(spec.healthcheck),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin && spec.stdinOnce !== false,
    AttachStdin: spec.attach ? spec.attach.includes('stdin') : spec.stdin,
    AttachStdout: spec.attach?.includes('stdout'),
    AttachStderr: spec.attach?.includes('stderr'),
    ExposedPorts: Object.fromEntries(
      [...spec.ports, ...(spec.expose ?? [])].map((port) => [`${port.containerPort}/${port.protocol}`, {}]),
    ),
    HostConfig: {
      ...limits(spec.resources),
      ...mountsOf(input),
      PortBindings: portBindings(spec.ports, site.publishAddress),
      NetworkMode: first?.key ?? 'none',
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      ...confinement(spec),
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      CgroupnsMode: 'private',
      GroupAdd: spec.groups,
      Dns: spec.dns?.servers,
      DnsSearch: spec.dns?.search,
      DnsOptions: spec.dns?.options,
      ExtraHosts: spec.extraHosts?.map(({ host, address }) => `${host}:${address}`),
      ConsoleSize: spec.consoleSize && [spec.consoleSize.rows, spec.consoleSize.columns],
      Init: spec.init,
      ReadonlyRootfs: spec.readonlyRoot,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
    NetworkingConfig: first && { EndpointsConfig: { [first.key]: { Aliases: aliases(input, first.aliases) } } },
  };
}

/** By which names a run is found on a network, beside those that the Engine adds. */
export function aliases({ name, containerId }: Pick<CreateInput, 'name' | 'containerId'>, own: string[]): string[] {
  return [name, shortId(containerId), ...own];
}

/** The tenant's own of the names that `aliases` made; some Engines append their own short id to the list. */
export function ownAliases(given: string[], containerId: string, engineId: string): string[] {
  const [name, ...others] = given;
  return others.filter((alias) => ![name, shortId(containerId), shortId(engineId)].includes(alias));
}

/** `TERM` as the Engine writes it; numbers stay numbers. */
export function signalText(name: string): string {
  return /^\d+$/.test(name) ? name : `SIG${name}`;
}

function shortId(containerId: string): string {
  return containerId.slice(0, 12);
}

/** An empty host port lets the Engine choose a free one. */
function portBindings(ports: ContainerSpec['ports'], address: string) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: address, HostPort: hostPort === 0 ? '' : String(hostPort) }];
  }
  return bindings;
}

/** Whatever is absent, or 0, is as the image says. */
export function healthcheck(check: ContainerSpec['healthcheck']) {
  if (!check) return undefined;
  const { command, intervalSeconds = 0, timeoutSeconds = 0, startPeriodSeconds = 0, retries = 0 } = check;
  const written = ['CMD', 'CMD-SHELL', 'NONE'].includes(command?.[0] ?? '');
  return {
    Test: written || !command ? command : ['CMD', ...command],
    Interval: Math.round(intervalSeconds * nanoseconds),
    Timeout: Math.round(timeoutSeconds * nanoseconds),
    StartPeriod: Math.round(startPeriodSeconds * nanoseconds),
    Retries: retries,
  };
}
