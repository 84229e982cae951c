/** Which requests are the Docker door's: paths of the Engine API, with or without a version in front. Pure. */

/** The first segments of the Engine API. None of them is one of ours beside it (`v1`, `healthz`, `docs` …). */
const families = new Set([
  ...['_ping', 'auth', 'build', 'commit', 'configs', 'containers', 'distribution', 'events', 'exec', 'grpc', 'images'],
  ...['info', 'networks', 'nodes', 'plugins', 'secrets', 'services', 'session', 'swarm', 'system', 'tasks', 'version'],
  'volumes',
]);

export interface DockerPath {
  /** `1.44`; undefined where the path names none. */
  version: string | undefined;
  /** The rest, beginning with a slash, as it was sent. */
  path: string;
}

/** @param target the raw request target; its query is left out. Null when it is none of the door's. */
export function parseDockerPath(target: string): DockerPath | null {
  const end = target.indexOf('?');
  const whole = end === -1 ? target : target.slice(0, end);
  const versioned = /^\/v(\d{1,3}\.\d{1,3})(\/.*)?$/.exec(whole);
  if (versioned) return { version: versioned[1], path: versioned[2] ?? '/' };
  return families.has(whole.split('/', 2)[1] ?? '') ? { version: undefined, path: whole } : null;
}
