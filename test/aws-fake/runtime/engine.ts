/** Runs tasks on a Docker Engine: each container a real one, each set of security groups a private network. */
import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { ignoring } from './engine-answers.ts';
import { type EngineContainer, startEngineContainer } from './engine-container.ts';
import { EngineNetworks } from './engine-networks.ts';
import { EngineVolumes } from './engine-volumes.ts';
import { PullError, type PulledImage, type RuntimeTask, type TaskPlan, type TaskRuntime } from './runtime.ts';

/** On everything made here, with the id of the run, so that only that is removed. */
const runLabel = 'longshore-aws-fake';

export interface EngineRuntimeOptions {
  docker: Docker;
  /** An image on the Engine that has `sleep`; it holds the network that the containers of one task share. */
  pauseImage: string;
}

export function engineRuntime({ docker, pauseImage }: EngineRuntimeOptions): TaskRuntime {
  const run = randomBytes(4).toString('hex');
  const labels = { [runLabel]: run };
  const networks = new EngineNetworks(docker, `aws-fake-${run}`, labels);
  const volumes = new EngineVolumes(docker, `aws-fake-${run}`, labels);
  const pulled = new Set<string>();
  return {
    takeAddress: (plan) => networks.take(plan),
    releaseAddress: (address) => networks.release(address),
    async pull(image) {
      const found = await pullImage(docker, image);
      pulled.add(image.reference);
      return found;
    },
    open: (plan) => openTask({ docker, pauseImage, labels, volumes }, plan),
    async close() {
      const filters = { label: [`${runLabel}=${run}`] };
      for (const { Id } of await docker.listContainers({ all: true, filters })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
      await networks.close();
      await volumes.close();
      for (const reference of pulled) await ignoring([404, 409], docker.getImage(reference).remove());
    },
  };
}

interface Machine {
  docker: Docker;
  pauseImage: string;
  labels: Record<string, string>;
  volumes: EngineVolumes;
}

async function openTask(machine: Machine, plan: TaskPlan): Promise<RuntimeTask> {
  const { docker, pauseImage, labels, volumes } = machine;
  const started: EngineContainer[] = [];
  const { network, privateIp, mac, dns } = plan.address;
  const alone = {
    Hostname: `ip-${privateIp.replaceAll('.', '-')}`,
    MacAddress: mac,
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: privateIp } } } },
    HostConfig: { NetworkMode: network, ...(dns && { Dns: [dns] }) },
  };
  const pause =
    plan.containers.length > 1
      ? await docker.createContainer({ Image: pauseImage, Cmd: ['sleep', '2147483'], Labels: labels, ...alone })
      : undefined;
  await pause?.start();
  const place = pause ? { HostConfig: { NetworkMode: `container:${pause.id}` } } : alone;
  return {
    async start(name) {
      const container = plan.containers.find((each) => each.name === name);
      if (!container) throw new Error(`the task has no container ${name}`);
      const mounts = await volumes.mounts(container.mounts);
      const running = await startEngineContainer(docker, { task: plan, container, mounts, labels, place });
      started.push(running);
      return running;
    },
    async close() {
      for (const running of started) await running.remove();
      await pause?.remove({ force: true });
      await volumes.removeOf(plan.taskId);
    },
  };
}

async function pullImage(docker: Docker, { reference, login, platform }: PulledImage) {
  const auth = login && { ...login, serveraddress: reference.split('/')[0] ?? '' };
  try {
    const progress = await docker.pull(reference, { platform, ...(auth && { authconfig: auth }) });
    const failed = await new Promise<string | undefined>((resolve, reject) => {
      docker.modem.followProgress(progress, (error, steps) =>
        error ? reject(error) : resolve(steps.find((step: { error?: string }) => step.error)?.error),
      );
    });
    if (failed) throw new PullError(`pull image manifest has been retried 1 time(s): ${failed}`);
  } catch (error) {
    if (error instanceof PullError) throw error;
    throw new PullError(`pull image manifest has been retried 1 time(s): failed to resolve ref ${reference}: ${error}`);
  }
  const { RepoDigests = [] } = await docker.getImage(reference).inspect();
  return { digest: RepoDigests.map((digest) => digest.split('@')[1]).at(0) };
}
