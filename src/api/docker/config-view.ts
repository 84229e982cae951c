/** ContainerConfig of an inspect answer: what was asked for over what the image says, put together as the Engine does. */
import { commandOf, healthcheckOf } from '../../domain/container-command.ts';
import type { ContainerDetails } from '../../domain/container-details.ts';
import type { ContainerSpec } from '../../domain/container-spec.ts';
import type { ImageConfig } from '../../domain/image.ts';
import { labelsOf } from './labels.ts';
import { portKey } from './translate-ports.ts';

const DEFAULT_GRACE_SECONDS = 10;

export function configView({ id, spec, image, volumes }: ContainerDetails) {
  const { entrypoint, command } = commandOf(spec, image);
  const attached = (stream: 'stdin' | 'stdout' | 'stderr') => spec.attach?.includes(stream) ?? false;
  const exposed = [...(image?.exposedPorts ?? []), ...[...spec.ports, ...(spec.expose ?? [])].map(portKey)];
  const anonymous = volumes.filter((volume) => volume.anonymous).map(({ position }) => spec.mounts[position]?.target);
  const emptied = [...(image?.volumes ?? []), ...anonymous].filter((path) => path !== undefined);
  const isOff = spec.healthcheck?.command?.[0] === 'NONE';
  const healthcheck = healthcheckOf(spec.healthcheck, image?.healthcheck ?? null);
  const signal = spec.stop.signal ?? image?.stopSignal?.replace(/^SIG/, '');
  return {
    Hostname: spec.hostname ?? id.slice(0, 12),
    Domainname: spec.domainname ?? '',
    User: spec.user ?? image?.user ?? '',
    AttachStdin: attached('stdin'),
    AttachStdout: attached('stdout'),
    AttachStderr: attached('stderr'),
    ...(exposed.length > 0 && { ExposedPorts: emptyObjects(exposed) }),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin && spec.stdinOnce !== false,
    Env: environmentOf(spec, image?.env ?? []),
    Cmd: command.length > 0 ? command : null,
    ...(isOff && { Healthcheck: { Test: ['NONE'] } }),
    ...(healthcheck && { Healthcheck: healthcheckView(healthcheck) }),
    Image: spec.image,
    Volumes: emptied.length > 0 ? emptyObjects(emptied) : null,
    WorkingDir: spec.workdir ?? image?.workdir ?? '',
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    ...(spec.noNetwork && { NetworkDisabled: true }),
    OnBuild: null,
    Labels: labelsOf({ spec, image }),
    ...(signal && { StopSignal: /^\d+$/.test(signal) ? signal : `SIG${signal}` }),
    ...(spec.stop.graceSeconds !== DEFAULT_GRACE_SECONDS && { StopTimeout: spec.stop.graceSeconds }),
  };
}

const emptyObjects = (keys: string[]) => Object.fromEntries(keys.map((key) => [key, {}]));

/** Its own first, then what the image adds. */
function environmentOf({ env, unsetEnv = [] }: ContainerSpec, ofImage: string[]): string[] {
  const own = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const isLeft = (entry: string) => {
    const name = entry.split('=', 1)[0] ?? '';
    return !Object.hasOwn(env, name) && !unsetEnv.includes(name);
  };
  return [...own, ...ofImage.filter(isLeft)];
}

const nanoseconds = (seconds: number) => Math.round(seconds * 1_000_000_000);

function healthcheckView(check: NonNullable<ImageConfig['healthcheck']>) {
  return {
    Test: check.command,
    ...(check.intervalSeconds && { Interval: nanoseconds(check.intervalSeconds) }),
    ...(check.timeoutSeconds && { Timeout: nanoseconds(check.timeoutSeconds) }),
    ...(check.startPeriodSeconds && { StartPeriod: nanoseconds(check.startPeriodSeconds) }),
    ...(check.retries && { Retries: check.retries }),
  };
}
