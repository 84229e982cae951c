/**
 * GET /info, /version and what plugins there are: the tenant's own numbers and limits. Of the machine behind it nothing is
 * told but the kind of binaries it runs.
 */
import { arch } from 'node:os';
import { AppError } from '../../domain/errors.ts';
import { PRODUCT, RELEASE } from '../../domain/release.ts';
import { listAllContainers } from '../../services/containers.ts';
import { listAllImages } from '../../services/images.ts';
import { dockerStatus } from './container-status.ts';
import { type Handler, ok } from './request.ts';
import { NEWEST_API, OLDEST_API } from './versions.ts';

const MiB = 1024 * 1024;
const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch() as 'x64' | 'arm64'] ?? arch();
const architecture = { x64: 'amd64', arm64: 'arm64' }[arch() as 'x64' | 'arm64'] ?? arch();

export const version: Handler = async () =>
  ok({
    Platform: { Name: PRODUCT },
    Components: [
      {
        Name: 'Engine',
        Version: RELEASE,
        Details: {
          ApiVersion: NEWEST_API,
          MinAPIVersion: OLDEST_API,
          Arch: architecture,
          Os: 'linux',
          Experimental: 'false',
        },
      },
    ],
    Version: RELEASE,
    ApiVersion: NEWEST_API,
    MinAPIVersion: OLDEST_API,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: architecture,
    KernelVersion: '',
    BuildTime: '',
  });

export const info: Handler = async ({ deps }, { ctx }) => {
  const { tenantId, tenant } = ctx.principal;
  const [containers, images] = await Promise.all([listAllContainers(deps, ctx, {}), listAllImages(deps, ctx, {})]);
  const statuses = containers.map(dockerStatus);
  const count = (...wanted: string[]) => statuses.filter((status) => wanted.includes(status)).length;
  const { maxima } = deps.limits;
  return ok({
    ID: tenantId,
    Name: tenant,
    Containers: containers.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
    Images: images.length,
    Driver: deps.provider.name,
    DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge'], Authorization: null, Log: ['json-file'] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: false,
    PidsLimit: true,
    OomKillDisable: false,
    IPv4Forwarding: true,
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    NEventsListener: 0,
    SystemTime: new Date(deps.clock.now()).toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'none',
    CgroupVersion: '2',
    KernelVersion: '',
    OperatingSystem: PRODUCT,
    OSVersion: RELEASE,
    OSType: 'linux',
    Architecture: machine,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: [],
      IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
      Mirrors: [],
    },
    NCPU: Math.ceil(maxima.cpus),
    MemTotal: maxima.memoryMiB * MiB,
    GenericResources: null,
    DockerRootDir: '',
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: RELEASE,
    Runtimes: { runc: { path: 'runc' } },
    DefaultRuntime: 'runc',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: '',
    InitBinary: '',
    SecurityOptions: ['name=no-new-privileges'],
    Warnings: null,
  });
};

export const listPlugins: Handler = async () => ok([]);

export const inspectPlugin: Handler = async (_, { params }) => {
  throw new AppError('not_found', `plugin "${params.name}" not found`);
};
