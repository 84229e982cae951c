/** Images in the Engine's JSON, by the version that the client speaks. */
import type { Image } from '../../domain/image.ts';
import { isBefore } from './versions.ts';

const nanoseconds = 1_000_000_000;

export const tagsOf = ({ tags }: Pick<Image, 'tags'>): string[] =>
  tags.map(({ repository, tag }) => `${repository}:${tag}`);

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000) || 0;

/** @param shown the names that the list's filters leave */
export function toListItem(
  image: Image,
  shown: { tags: string[]; repoDigests: string[] },
  version: string,
  sharedSize = -1,
): object {
  // Older clients print what stands in the place of a name.
  const none = isBefore(version, '1.43') && shown.tags.length === 0;
  return {
    Containers: -1,
    Created: seconds(image.createdAt),
    Id: image.id,
    Labels: Object.keys(image.config.labels).length > 0 ? image.config.labels : null,
    ParentId: '',
    RepoDigests: none && shown.repoDigests.length === 0 ? ['<none>@<none>'] : shown.repoDigests,
    RepoTags: none ? ['<none>:<none>'] : shown.tags,
    SharedSize: sharedSize,
    Size: image.sizeBytes,
    ...(isBefore(version, '1.44') && { VirtualSize: image.sizeBytes }),
  };
}

export function toInspect(image: Image, version: string): object {
  const config = toConfig(image.config, version);
  return {
    Id: image.id,
    RepoTags: tagsOf(image),
    RepoDigests: image.repoDigests,
    Parent: '',
    Comment: image.comment,
    Created: image.createdAt,
    // Gone from the Engine with 1.45; but Compose 1.29 takes whatever version is newest, and needs it to make a container anew.
    ContainerConfig: config,
    ...(isBefore(version, '1.45') && { Container: '' }),
    DockerVersion: '',
    Author: image.author,
    Config: config,
    Architecture: image.architecture,
    Os: image.os,
    Size: image.sizeBytes,
    ...(isBefore(version, '1.44') && { VirtualSize: image.sizeBytes }),
    GraphDriver: { Data: null, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: image.layers },
    Metadata: { LastTagTime: image.pulledAt.toISOString() },
  };
}

function toConfig(config: Image['config'], version: string): object {
  const { exposedPorts, volumes, healthcheck, shell, stopSignal } = config;
  const present = (names: string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    // Members of a container's configuration that say nothing of an image.
    ...(isBefore(version, '1.50') && {
      ...{ Hostname: '', Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
      ...{ Tty: false, OpenStdin: false, StdinOnce: false, Image: '' },
    }),
    User: config.user,
    ...(exposedPorts.length > 0 && { ExposedPorts: present(exposedPorts) }),
    Env: config.env,
    Cmd: config.command,
    ...(healthcheck && {
      Healthcheck: {
        Test: healthcheck.command,
        Interval: Math.round(healthcheck.intervalSeconds * nanoseconds),
        Timeout: Math.round(healthcheck.timeoutSeconds * nanoseconds),
        StartPeriod: Math.round(healthcheck.startPeriodSeconds * nanoseconds),
        Retries: healthcheck.retries,
      },
    }),
    Volumes: volumes.length > 0 ? present(volumes) : null,
    WorkingDir: config.workdir,
    Entrypoint: config.entrypoint,
    OnBuild: config.onBuild.length > 0 ? config.onBuild : null,
    Labels: Object.keys(config.labels).length > 0 ? config.labels : null,
    ...(stopSignal && { StopSignal: stopSignal }),
    ...(shell && { Shell: shell }),
  };
}

/** Steps have no images of their own here, as with any image that was pulled. */
export function toHistory(image: Image): object[] {
  return image.history.map((step, position) => ({
    Id: position === 0 ? image.id : '<missing>',
    Created: seconds(step.createdAt),
    CreatedBy: step.createdBy,
    Tags: position === 0 && image.tags.length > 0 ? tagsOf(image) : null,
    Size: step.sizeBytes,
    Comment: step.comment,
  }));
}
