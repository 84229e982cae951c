/** The table from the Engine's answers to the port's codes. The texts are those of Engine 20.10 and of newer ones. */
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/domain/errors.ts';
import { type Subject, toAppError } from '../../../src/providers/docker/errors.ts';

const live = new AbortController().signal;
const container: Subject = { noun: 'container' };
const pulled: Subject = { noun: 'image', reference: 'shop/web:1', registry: 'registry.example' };
const foreign = 'f00dfeed'.repeat(8);

function answered(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), { statusCode });
}

describe('what the Engine says becomes', () => {
  const runc =
    'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process';
  const driver = `driver failed programming external connectivity on endpoint other (${foreign})`;
  test.for<[number, string, Subject, Partial<AppError>]>([
    [
      400,
      `${runc}: exec: "nope": executable file not found in $PATH: unknown`,
      container,
      { code: 'invalid', details: { exitCode: 127 } },
    ],
    [
      400,
      `${runc}: exec: "/nope": stat /nope: no such file or directory: unknown`,
      container,
      { code: 'invalid', details: { exitCode: 127 } },
    ],
    [
      400,
      `${runc}: exec: "/etc/passwd": permission denied: unknown`,
      container,
      { code: 'invalid', details: { exitCode: 126 } },
    ],
    [400, `${runc}: exec: "/etc": is a directory: unknown`, container, { code: 'invalid', details: { exitCode: 126 } }],
    [
      500,
      'unable to find user zed: no matching entries in passwd file',
      container,
      { code: 'invalid', message: 'The image has no such user' },
    ],
    [
      500,
      'unable to find group zed: no matching entries in group file',
      container,
      { code: 'invalid', message: 'The image has no such group' },
    ],
    [500, 'Cannot mkdir: /etc/passwd is not a directory', container, { code: 'invalid' }],
    [500, 'source /var/lib/x/merged/etc/passwd is not directory', container, { code: 'invalid' }],
    [400, 'Minimum memory limit allowed is 6MB', container, { code: 'invalid' }],
    [400, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available', container, { code: 'invalid' }],
    [
      500,
      `${driver}: Bind for 127.0.0.1:8080 failed: port is already allocated`,
      container,
      { code: 'conflict', message: 'Port 8080 is already in use' },
    ],
    [
      500,
      `${driver}: Error starting userland proxy: listen tcp4 127.0.0.1:443: bind: address already in use`,
      container,
      { code: 'conflict', message: 'Port 443 is already in use' },
    ],
    [
      500,
      `${driver}: failed to bind port 127.0.0.1:443/tcp: listen tcp4 127.0.0.1:443: bind: address already in use`,
      container,
      { code: 'conflict', message: 'Port 443 is already in use' },
    ],
    [
      409,
      `Conflict. The container name "/a" is already in use by container "${foreign}".`,
      container,
      { code: 'conflict' },
    ],
    [
      404,
      `No such container: ${foreign}`,
      container,
      { code: 'not_found', message: 'The container is gone from the Docker Engine' },
    ],
    [
      404,
      `No such image: sha256:${foreign}`,
      { noun: 'container', reference: 'web:1' },
      { code: 'not_found', message: 'No such image: web:1' },
    ],
    [
      404,
      'network ls-net-1 not found',
      container,
      { code: 'not_found', message: 'The network is gone from the Docker Engine' },
    ],
    [500, `Container ${foreign} is not paused`, container, { code: 'conflict' }],
    [409, `Container ${foreign} is not running`, container, { code: 'conflict' }],
    [
      403,
      `error while removing network: network a id ${foreign} has active endpoints`,
      { noun: 'network' },
      { code: 'conflict' },
    ],
    [
      500,
      'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
      { noun: 'network' },
      { code: 'limit' },
    ],
    [400, 'all predefined address pools have been fully subnetted', { noun: 'network' }, { code: 'limit' }],
    [500, 'write /var/lib/docker/tmp: no space left on device', { noun: 'image' }, { code: 'unavailable' }],
    [501, 'not here', container, { code: 'unsupported' }],
    [503, 'starting', container, { code: 'unavailable' }],
    [500, `something about ${foreign}`, container, { code: 'internal' }],
  ])('%i %s', ([status, text, subject, expected]) => {
    const cause = answered(status, text);
    const error = toAppError(cause, subject, live);
    expect(error).toMatchObject({ ...expected, cause });
    expect(error.message).not.toContain(foreign);
  });
});

describe('what a registry says through the Engine becomes', () => {
  test.for<[number, string, Partial<AppError>]>([
    [401, 'unauthorized: authentication required', { code: 'forbidden' }],
    [404, "pull access denied for web, repository does not exist or may require 'docker login'", { code: 'forbidden' }],
    [500, 'Head "https://registry.example/v2/web/manifests/1": no basic auth credentials', { code: 'forbidden' }],
    [500, 'error parsing HTTP 403 response body: denied', { code: 'forbidden' }],
    [404, 'manifest for web:1 not found: manifest unknown: manifest unknown', { code: 'not_found' }],
    [500, 'name unknown: repository name not known to registry', { code: 'not_found' }],
    [404, 'no matching manifest for linux/arm64/v8 in the manifest list entries', { code: 'not_found' }],
    [500, 'toomanyrequests: You have reached your pull rate limit', { code: 'rate_limited' }],
    [
      500,
      'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
      { code: 'unavailable' },
    ],
    [
      500,
      'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
      { code: 'unavailable' },
    ],
    [
      500,
      'Get "https://registry.example/v2/": net/http: request canceled (Client.Timeout exceeded)',
      { code: 'unavailable' },
    ],
    [500, 'Get "https://registry.example/v2/": x509: certificate signed by unknown authority', { code: 'unavailable' }],
  ])('%i %s', ([status, text, expected]) => {
    const error = toAppError(answered(status, text), pulled, live);
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(/registry\.example/);
    expect(error.message).toMatch(/shop\/web:1/);
  });
});

describe('a connection that fails', () => {
  test.for(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'EACCES'])('with %s is unavailable', (code) => {
    const error = Object.assign(new Error('connect /run/secret.sock'), { code });
    expect(toAppError(error, container, live)).toMatchObject({
      code: 'unavailable',
      message: 'The Docker Engine cannot be reached',
    });
  });

  test('after the deadline is a timeout, whatever it failed with', () => {
    const error = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    expect(toAppError(error, container, AbortSignal.abort())).toMatchObject({ code: 'timeout' });
  });
});

test('an error that is already a public one passes through', () => {
  const error = new AppError('limit', 'Enough');
  expect(toAppError(error, container, AbortSignal.abort())).toBe(error);
});

describe('a text that a tenant made long', () => {
  const command = 'exec: '.repeat(20_000);

  test('is judged by its ends', () => {
    const text = `OCI runtime create failed: exec: "${command}": executable file not found in $PATH: unknown`;
    expect(toAppError(answered(400, text), container, live)).toMatchObject({
      code: 'invalid',
      details: { exitCode: 127 },
    });
  });

  test('does not keep the rules busy', () => {
    const text = `OCI runtime create failed: exec: "${command}": file name too long: unknown`;
    expect(toAppError(answered(500, text), container, live)).toMatchObject({ code: 'internal' });
  });
});
