/**
 * Finds a Docker Engine for a command, or brings the host's private one up, and counts who uses that one so that the last
 * user stops it. Never touches an Engine that it did not start.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallPackages, installPackages } from './debian-packages.ts';
import { firstAnswering, isUsableEngine, usualHosts } from './engine-address.ts';
import { addUser, countLiveUsers } from './engine-users.ts';
import { type EnginePlace, ensureDockerd, hasDockerd, privateHost, stopDockerd } from './private-engine.ts';
import { withLock } from './process-lock.ts';

export type Engine = {
  dockerHost: string;
  /** Whether it is the private Engine, which ends with its last user. */
  private: boolean;
  release(): Promise<void>;
};

export type EngineRequest = {
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  /** Whether missing Debian packages may be installed. */
  install: boolean;
  /** Where the private Engine lives; only tests have a reason to name another place. */
  place?: EnginePlace | undefined;
};

/** Long enough for another process to start the Engine, or to stop it with its containers. */
const lockTimeoutMs = 90_000;

const noEngine =
  'No Docker Engine answers on this machine: install Docker and start it (as root on Debian or Ubuntu Longshore does so ' +
  'itself), or set DOCKER_HOST, or use LONGSHORE_PROVIDER=memory, which needs none.';

/**
 * In this order: DOCKER_HOST, the private Engine if it runs, the usual sockets, and as root a private Engine, installing
 * Docker from Debian's packages when allowed. Throws one sentence that says what to do when there is no way to an Engine.
 */
export async function acquireEngine({ env, log, install, place = hostPlace(env) }: EngineRequest): Promise<Engine> {
  const given = env.DOCKER_HOST;
  const ours = place && privateHost(place);
  if (given && given !== ours) return acquireGiven(given);
  if (place && ours && (given || (await isUsableEngine(ours)))) return shareEngine(place, log);

  const found = await firstAnswering(usualHosts(env));
  if (found) return foreignEngine(found);
  if (!place || process.getuid?.() !== 0 || process.platform !== 'linux') throw new Error(noEngine);
  if (!hasDockerd()) {
    if (!install || !canInstallPackages()) throw new Error(noEngine);
    log('installing docker.io');
    installPackages(['docker.io', 'iptables']);
    const started = await firstAnswering(usualHosts(env)); // systemd starts what apt installs
    if (started) return foreignEngine(started);
  }
  return shareEngine(place, log);
}

async function acquireGiven(host: string): Promise<Engine> {
  if (!/^(unix:\/\/\/|tcp:\/\/[^/]|http:\/\/[^/])/.test(host)) {
    throw new Error(`Longshore cannot use DOCKER_HOST=${host}: it takes unix:///path or tcp://host:port.`);
  }
  if (await isUsableEngine(host, 5_000)) return foreignEngine(host);
  throw new Error(`No Docker Engine of version 20.10 or newer answers at DOCKER_HOST=${host}: start it, or unset it.`);
}

function foreignEngine(dockerHost: string): Engine {
  return { dockerHost, private: false, release: async () => {} };
}

async function shareEngine(place: EnginePlace, log: (line: string) => void): Promise<Engine> {
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const lock = join(place.folder, 'lock');
  const users = join(place.folder, 'users');
  const use = await withLock(lock, lockTimeoutMs, async () => {
    await ensureDockerd(place, log);
    return addUser(users);
  });
  const release = () =>
    withLock(lock, lockTimeoutMs, async () => {
      rmSync(use, { force: true });
      if (countLiveUsers(users) === 0) await stopDockerd(place);
    });
  return { dockerHost: privateHost(place), private: true, release };
}

/** One place per host for root; a user's own lies in the runtime folder, if the session has one. */
function hostPlace(env: NodeJS.ProcessEnv): EnginePlace | undefined {
  const patienceMs = 20_000;
  if (process.getuid?.() === 0) return { folder: '/run/longshore', dataRoot: '/var/lib/longshore/engine', patienceMs };
  const runtime = env.XDG_RUNTIME_DIR;
  if (!runtime) return undefined;
  return { folder: join(runtime, 'longshore'), dataRoot: join(runtime, 'longshore/data'), patienceMs };
}
