/** ContainerSpec to the body of the Engine's container create. Pure. Everything that confines a container is decided here. */
import type { ContainerSpec } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';
import type { CreateInput } from '../provider.ts';
import { markLabels } from './labels.ts';

const MiB = 1024 * 1024;
const nanoseconds = 1_000_000_000;

/** Docker's default set without NET_RAW, MKNOD, SYS_CHROOT and AUDIT_WRITE. */
const capabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
];

/** The first network is the one that the container is made in; the Engine takes only one at creation. */
export function toDocker(input: CreateInput, site: { installId: string; publishAddress: string }) {
  const { spec } = input;
  const [first] = input.networks;
  return {
    Image: input.imageId,
    Hostname: spec.hostname ?? shortId(input.containerId),
    Entrypoint: spec.entrypoint,
    Cmd: spec.command,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
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
    StdinOnce: spec.stdin,
    AttachStdin: spec.stdin,
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port.containerPort}/${port.protocol}`, {}])),
    HostConfig: {
      ...limits(spec.resources),
      ...mounts(input),
      PortBindings: portBindings(spec.ports, site.publishAddress),
      NetworkMode: first?.key ?? 'none',
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      CapDrop: ['ALL'],
      CapAdd: capabilities,
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      CgroupnsMode: 'private',
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

/** Memory without swap on top; an absent limit has been filled in by whoever accepted the spec. */
export function limits({ memoryMiB, cpus, pids }: ContainerSpec['resources']) {
  return {
    ...(memoryMiB !== undefined && { Memory: memoryMiB * MiB, MemorySwap: memoryMiB * MiB }),
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * nanoseconds) }),
    ...(pids !== undefined && { PidsLimit: pids }),
  };
}

/** Our Mounts have a source each, so that the Engine never takes them for anonymous volumes that go with the container. */
function mounts({ spec, volumes }: CreateInput) {
  if (spec.mounts.some((mount) => mount.type === 'bind')) {
    throw new AppError('unsupported', 'Paths of the host cannot be mounted');
  }
  const tmpfs = spec.mounts.filter((mount) => mount.type === 'tmpfs');
  return {
    Mounts: volumes.map(({ key, target, readOnly }) => ({
      Type: 'volume',
      Source: key,
      Target: target,
      ReadOnly: readOnly,
    })),
    Tmpfs: Object.fromEntries(
      tmpfs.map(({ target, sizeMiB }) => [target, sizeMiB === undefined ? '' : `size=${sizeMiB}m`]),
    ),
  };
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

/** Absent: whatever the image says. */
export function healthcheck(check: ContainerSpec['healthcheck']) {
  if (!check) return undefined;
  const [kind] = check.command;
  const written = kind === 'CMD' || kind === 'CMD-SHELL' || kind === 'NONE';
  return {
    Test: written ? check.command : ['CMD', ...check.command],
    Interval: Math.round(check.intervalSeconds * nanoseconds),
    Timeout: Math.round(check.timeoutSeconds * nanoseconds),
    StartPeriod: Math.round(check.startPeriodSeconds * nanoseconds),
    Retries: check.retries,
  };
}
