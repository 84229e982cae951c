/**
 * What the provider suite needs from whoever runs it, and the small world its cases live in: unique keys, deadlines, and
 * the removal of everything a case made.
 *
 * Commands in the suite keep to a language that a provider without a kernel can emulate: `["sleep", "n"]` and
 * `["sh", "-c", script]`, the script being a `;`-separated list of `echo TEXT`, `echo TEXT >&2`, `sleep N`, `exit N`, `cat`,
 * `trap '' TERM` and `trap 'exit N' TERM`. Whatever needs more is behind `realKernel`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type ContainerSpecInput, containerSpec } from '../../src/domain/container-spec.ts';
import type {
  CallOptions,
  CreateInput,
  Lack,
  NetworkRef,
  Observation,
  Provider,
  PullInput,
  RegistryAuth,
  RunRef,
  VolumeRef,
} from '../../src/providers/provider.ts';
import { waitFor } from '../support/wait-for.ts';

export type ImageName = Pick<PullInput, 'domain' | 'path' | 'tag' | 'digest'>;

/** A registry that the provider can pull from, with two images that it has never seen. */
export interface HarnessRegistry {
  /** Open to everybody, by tag. */
  image: ImageName;
  /** Another image, which only these credentials may read. */
  secured: { image: ImageName; auth: RegistryAuth };
}

export interface Harness {
  provider: Provider;
  /** Two tenants of which the provider holds nothing but the image below. */
  tenants: readonly [string, string];
  /** Understands the suite's commands, and is held for both tenants. */
  imageId: string;
  /** Processes are real ones: signals, pipes, DNS and file systems behave as on Linux. */
  realKernel: boolean;
  registry: HarnessRegistry;
  close(): Promise<void>;
}

export interface RunWish {
  /** Index into the harness's tenants; 0 when absent. */
  tenant?: 0 | 1;
  command?: string[];
  name?: string;
  spec?: Partial<ContainerSpecInput>;
  networks?: CreateInput['networks'];
  volumes?: CreateInput['volumes'];
}

export type Present = Extract<Observation, { kind: 'present' }>;
/** A run under test together with what it was made from. */
export type MadeRun = RunRef & { handle: string; input: CreateInput };

/** Cases use what they have said that they need (capabilities.ts). */
type WholeProvider = Required<Omit<Provider, 'images' | 'networks'>> & {
  images: Required<Provider['images']>;
  networks: Required<Provider['networks']>;
};

export type World = ReturnType<typeof createWorld>;

/** A deadline for one call, in seconds. */
export const within = (seconds = 20): CallOptions => ({ signal: AbortSignal.timeout(seconds * 1000) });

export function createWorld(harness: Harness) {
  const provider = harness.provider as WholeProvider;
  const runs: RunRef[] = [];
  const networks: NetworkRef[] = [];
  const volumes: VolumeRef[] = [];
  const deferred: (() => Promise<unknown>)[] = [];

  function input(wish: RunWish = {}): CreateInput {
    const containerId = randomBytes(32).toString('hex');
    const command = wish.command ?? ['sleep', '60'];
    return {
      key: `ls-${containerId}-1`,
      tenantId: harness.tenants[wish.tenant ?? 0],
      containerId,
      incarnation: 1,
      name: wish.name ?? `c-${containerId.slice(0, 8)}`,
      spec: containerSpec.parse({ image: 'suite', command, resources: { memoryMiB: 64, pids: 64 }, ...wish.spec }),
      imageId: harness.imageId,
      networks: wish.networks ?? [],
      volumes: wish.volumes ?? [],
    };
  }

  async function create(wish: RunWish | { input: CreateInput } = {}): Promise<MadeRun> {
    const made = 'input' in wish ? wish.input : input(wish);
    runs.push({ key: made.key, handle: null });
    const { handle } = await provider.create(made, within());
    return { key: made.key, handle, input: made };
  }

  async function start(wish: RunWish = {}): Promise<MadeRun> {
    const run = await create(wish);
    await provider.start(run, within());
    return run;
  }

  /** Waits until the run is seen in a phase. */
  function until(run: RunRef, phase: Present['phase']): Promise<Present> {
    const look = async () => {
      const seen = await provider.observe(run, within());
      if (seen.kind === 'present' && seen.phase === phase) return seen;
      throw new Error(`not ${phase}: ${JSON.stringify(seen)}`);
    };
    return waitFor(look, { timeoutMs: 20_000, intervalMs: 20 });
  }

  /** Every line of a run so far, as text. */
  async function lines(run: RunRef, options: Partial<Parameters<Provider['logs']>[1]> = {}): Promise<string[]> {
    const found: string[] = [];
    for await (const chunk of provider.logs(run, { ...within(), follow: false, ...options })) {
      found.push(`${chunk.stream}: ${Buffer.from(chunk.line).toString()}`);
    }
    return found;
  }

  async function network(tenant: 0 | 1 = 0, internal = false): Promise<NetworkRef> {
    const made = { key: `ls-net-${randomUUID()}`, tenantId: harness.tenants[tenant], internal };
    networks.push(made);
    await provider.networks.ensure(made, within());
    return made;
  }

  async function volume(tenant: 0 | 1 = 0): Promise<VolumeRef> {
    const made = { key: `ls-vol-${randomUUID()}`, tenantId: harness.tenants[tenant] };
    volumes.push(made);
    await provider.volumes.ensure(made, within());
    return made;
  }

  const lacks = (lack: Lack): boolean => provider.features.lacks?.includes(lack) ?? false;

  /** Done once the case's runs are gone. */
  const later = (work: () => Promise<unknown>) => void deferred.push(work);

  /** Removes what the case made, in the order that its references demand. */
  async function cleanUp(): Promise<void> {
    await Promise.all(runs.splice(0).map((run) => provider.destroy(run, within())));
    await Promise.all(deferred.splice(0).map((work) => work()));
    await Promise.all(networks.splice(0).map((made) => provider.networks.remove(made, within())));
    await Promise.all(volumes.splice(0).map((made) => provider.volumes.remove(made, within())));
  }

  return { harness, provider, lacks, input, create, start, until, lines, network, volume, later, cleanUp };
}
