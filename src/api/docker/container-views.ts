/** Containers in the words of the Engine API: the answers of inspect and list, composed of our records and nothing else. */
import { commandOf } from '../../domain/container-command.ts';
import type { ContainerDetails } from '../../domain/container-details.ts';
import type { ContainerSizes } from '../../domain/container-files.ts';
import { configView } from './config-view.ts';
import { dockerStatus, exitCodeOf, statusText } from './container-status.ts';
import { hostConfigView } from './host-config-view.ts';
import { labelsOf } from './labels.ts';
import { mountsView } from './mounts-view.ts';
import { endpointsView, listedPorts, networkModeOf, networkSettingsView } from './networks-view.ts';

const NEVER = '0001-01-01T00:00:00Z';
const time = (date: Date | null): string => date?.toISOString() ?? NEVER;

/** @param version as in the path, `1.24` to `1.51` @param size where the client asked for it */
export function toInspect(container: ContainerDetails, version: string, size?: ContainerSizes | null) {
  const { id, name, spec, image, imageId, run } = container;
  const { entrypoint, command } = commandOf(spec, image);
  const [path = '', ...rest] = [...entrypoint, ...command];
  return {
    Id: id,
    Created: container.createdAt.toISOString(),
    Path: path,
    Args: rest,
    State: stateView(container),
    Image: imageId,
    ResolvConfPath: '',
    HostnamePath: '',
    HostsPath: '',
    LogPath: '',
    Name: `/${name}`,
    RestartCount: run.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: hostConfigView(container),
    GraphDriver: { Name: 'overlay2', Data: null },
    ...(size && { SizeRw: size.writableBytes, SizeRootFs: size.rootBytes }),
    Mounts: mountsView(container),
    Config: configView(container),
    NetworkSettings: networkSettingsView(container, version),
  };
}

function stateView(container: ContainerDetails) {
  const { run, lastError } = container;
  const status = dockerStatus(container);
  const { health } = run;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: run.oomKilled,
    Dead: status === 'dead',
    Pid: 0,
    ExitCode: exitCodeOf(container),
    Error: (run.failure ?? lastError)?.message ?? '',
    StartedAt: time(run.startedAt),
    FinishedAt: time(run.finishedAt),
    ...(health !== 'none' && { Health: { Status: health, FailingStreak: 0, Log: [] } }),
  };
}

/** @param now in milliseconds @param size where the client asked for it */
export function toListItem(container: ContainerDetails, version: string, now: number, size?: ContainerSizes | null) {
  const { id, name, spec, image, imageId } = container;
  const { entrypoint, command } = commandOf(spec, image);
  return {
    Id: id,
    Names: [`/${name}`],
    Image: spec.image,
    ImageID: imageId,
    Command: commandText([...entrypoint, ...command]),
    Created: Math.floor(container.createdAt.getTime() / 1000),
    Ports: listedPorts(container),
    ...(size && { SizeRw: size.writableBytes, SizeRootFs: size.rootBytes }),
    Labels: labelsOf({ spec, image }),
    State: dockerStatus(container),
    Status: statusText(container, now),
    HostConfig: { NetworkMode: networkModeOf(container) },
    NetworkSettings: { Networks: endpointsView(container, version) },
    Mounts: mountsView(container),
  };
}

/** As the Engine: what has a blank is quoted. */
function commandText([path = '', ...words]: string[]): string {
  return [path, ...words.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
}
