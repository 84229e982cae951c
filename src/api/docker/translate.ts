/**
 * A create body of the Engine API to a ContainerSpec. Pure: names are resolved by the service that takes the result. Every
 * field has its verdict in the tables of *-fields.ts; here is what the mapped ones become.
 */
import { type ContainerSpec, containerSpec } from '../../domain/container-spec.ts';
import { checkFields, refuse } from './check-fields.ts';
import { type CreateBody, parseCreateBody } from './create-body.ts';
import { withoutSecrets } from './labels.ts';
import { mountsOf, volumesFromOf } from './translate-mounts.ts';
import { networksOf } from './translate-networks.ts';
import { exposedOf, portsOf } from './translate-ports.ts';
import { confinementOf, resourcesOf } from './translate-resources.ts';

export interface NewContainer {
  spec: ContainerSpec;
  /** For the create answer: what was asked for and is done otherwise. */
  warnings: string[];
}

/**
 * Throws invalid, forbidden or unsupported, naming the field and, where it is refused, what to do instead.
 * @param query of the request: what dockerode repeats of it in the body must agree
 */
export function toSpec(
  body: unknown,
  query: { name?: string | undefined; platform?: string | undefined },
): NewContainer {
  const { asked, warnings } = checkFields(body);
  const created = parseCreateBody(asked);
  for (const key of ['name', 'platform'] as const) {
    if (created[key] !== undefined && created[key] !== query[key]) {
      throw refuse('invalid', key, 'belongs into the query, and must not say anything else here');
    }
  }
  return { spec: parseSpec(specOf(created, warnings)), warnings };
}

/** To be parsed: some members are still what the client wrote. */
function specOf(body: CreateBody, warnings: string[]) {
  const host = body.HostConfig;
  const { env, unsetEnv } = environment(body.Env);
  const { Dns: servers, DnsSearch: search, DnsOptions: options } = host;
  return {
    image: body.Image,
    command: body.Cmd,
    entrypoint: body.Entrypoint,
    env,
    unsetEnv: unsetEnv.length > 0 ? unsetEnv : undefined,
    workdir: body.WorkingDir,
    user: body.User,
    groups: host.GroupAdd,
    hostname: body.Hostname,
    domainname: body.Domainname,
    ...withoutSecrets(body.Labels),
    resources: resourcesOf(host),
    ...confinementOf(host),
    ports: portsOf(host.PortBindings),
    expose: exposedOf(body.ExposedPorts, host.PortBindings),
    publishAll: host.PublishAllPorts,
    mounts: mountsOf(body, warnings),
    volumesFrom: volumesFromOf(host),
    ...networksOf(body),
    dns: servers.length + search.length + options.length > 0 ? { servers, search, options } : undefined,
    extraHosts: host.ExtraHosts?.map(extraHost),
    restart: restartOf(host),
    stop: { signal: body.StopSignal, graceSeconds: body.StopTimeout },
    healthcheck: healthcheckOf(body.Healthcheck),
    tty: body.Tty,
    stdin: body.OpenStdin,
    stdinOnce: body.OpenStdin && !body.StdinOnce ? false : undefined,
    attach: attachOf(body),
    consoleSize: consoleSizeOf(host.ConsoleSize),
    init: host.Init,
    readonlyRoot: host.ReadonlyRootfs,
    autoRemove: host.AutoRemove,
  };
}

/** The last of two values wins, as in the Engine. */
function environment(entries: string[]): { env: Record<string, string>; unsetEnv: string[] } {
  const env = new Map<string, string | null>();
  for (const entry of entries) {
    const end = entry.indexOf('=');
    if (end === -1) env.set(entry, null);
    else env.set(entry.slice(0, end), entry.slice(end + 1));
  }
  const given = [...env].filter((pair): pair is [string, string] => pair[1] !== null);
  return {
    env: Object.fromEntries(given),
    unsetEnv: [...env].filter(([, value]) => value === null).map(([name]) => name),
  };
}

function extraHost(entry: string): { host: string; address: string } {
  const end = entry.search(/[:=]/);
  const [host, address] = [entry.slice(0, end), entry.slice(end + 1).replace(/^\[(.*)\]$/, '$1')];
  if (end === -1)
    throw refuse('invalid', 'HostConfig.ExtraHosts', `must be name:address, not ${JSON.stringify(entry)}`);
  if (address === 'host-gateway') {
    throw refuse(
      'forbidden',
      'HostConfig.ExtraHosts',
      'is refused: containers do not reach the host. Run what they need in a container of the same network',
    );
  }
  return { host, address };
}

function restartOf({ RestartPolicy, AutoRemove }: CreateBody['HostConfig']) {
  const { Name: policy, MaximumRetryCount: maxRetries } = RestartPolicy;
  if (policy !== 'no' && AutoRemove) {
    throw refuse('invalid', 'HostConfig.AutoRemove', "can't create 'AutoRemove' container with restart policy");
  }
  if (maxRetries !== 0 && policy !== 'on-failure') {
    throw refuse('invalid', 'HostConfig.RestartPolicy', `maximum retry count can only be used with 'on-failure'`);
  }
  return { policy, maxRetries };
}

const seconds = (nanoseconds: number | undefined) => (nanoseconds ? nanoseconds / 1_000_000_000 : undefined);

function healthcheckOf(check: CreateBody['Healthcheck']) {
  const { Test, Interval, Timeout, StartPeriod, Retries } = check ?? {};
  const [kind] = Test ?? [];
  if (kind !== undefined && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw refuse('invalid', 'Healthcheck.Test', `must begin with NONE, CMD or CMD-SHELL`);
  }
  if (Object.keys(check ?? {}).length === 0) return undefined;
  return {
    command: Test,
    intervalSeconds: seconds(Interval),
    timeoutSeconds: seconds(Timeout),
    startPeriodSeconds: seconds(StartPeriod),
    retries: Retries,
  };
}

function attachOf({ AttachStdin, AttachStdout, AttachStderr }: CreateBody) {
  const streams = { stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr };
  const wanted = (['stdin', 'stdout', 'stderr'] as const).filter((stream) => streams[stream]);
  return wanted.length > 0 ? wanted : undefined;
}

function consoleSizeOf(given: [number, number] | undefined) {
  const [rows = 0, columns = 0] = given ?? [];
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** Names the field of the spec; its sentence tells what was wrong with the value. */
function parseSpec(input: unknown): ContainerSpec {
  const parsed = containerSpec.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse('invalid', issue?.path.join('.') || 'body', `is not valid: ${issue?.message}`);
}
