/** The registry that `docker push` and `docker pull` talk to, with the login that GetAuthorizationToken gives. */
import { AwsError } from '../aws-error.ts';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';
import type { Site } from '../site.ts';
import type { World } from '../world.ts';
import { digestOf, type StoredRepository } from './image-store.ts';
import { storeManifest } from './images.ts';
import type { RegistryLogin } from './registry-logins.ts';

interface Visit {
  site: Site;
  login: RegistryLogin;
  request: HttpRequest;
  name: string;
}

/** Answers paths below `/v2`. */
export function answerRegistry(
  world: World,
  site: (account: string, region: string) => Site,
  request: HttpRequest,
): HttpAnswer {
  const login = world.logins.find(request.headers.authorization);
  if (!login) {
    const challenge = `Basic realm="${world.url}/",service="ecr.amazonaws.com"`;
    return { ...failure(401, 'UNAUTHORIZED', 'Not Authorized'), headers: { 'www-authenticate': challenge } };
  }
  if (/^\/v2\/?$/.test(request.path)) return { status: 200, body: '{}' };
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.*)$/.exec(request.path);
  const [, name = '', kind, rest = ''] = match ?? [];
  const visit = { site: site(login.account, login.region), login, request, name: name.replace(/\/blobs$/, '') };
  const reference = decodeURIComponent(rest);
  try {
    const repository = visit.site.ecr.repository(visit.name);
    if (kind === 'manifests') return manifests(visit, repository, reference);
    if (kind === 'tags') return tags(visit, repository);
    if (kind === 'blobs' && reference.startsWith('uploads')) return uploads(visit, repository, reference);
    return blobs(visit, repository, reference);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return registryError(error);
  }
}

function manifests(visit: Visit, repository: StoredRepository, reference: string): HttpAnswer {
  const { request, site } = visit;
  if (request.method === 'PUT') {
    demand(visit, 'ecr:PutImage');
    const imageTag = reference.startsWith('sha256:') ? undefined : reference;
    const digest = digestOf(request.body);
    try {
      const wanted = { imageTag, imageManifestMediaType: request.headers['content-type'] };
      storeManifest(site.ecr, repository, request.body, wanted, site.now());
    } catch (error) {
      // A push of what is there already is no error for Docker's protocol.
      if (!(error instanceof AwsError && error.code === 'ImageAlreadyExistsException')) throw error;
    }
    const headers = { 'docker-content-digest': digest, location: `/v2/${visit.name}/manifests/${digest}` };
    return { status: 201, headers };
  }
  demand(visit, 'ecr:BatchGetImage');
  const found = site.ecr.manifest(repository, reference);
  if (!found) return failure(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  const headers = {
    'content-type': found.mediaType,
    'docker-content-digest': found.digest,
    'content-length': String(found.bytes.length),
  };
  if (request.method === 'HEAD') return { status: 200, headers };
  if (request.method !== 'GET') return failure(405, 'UNSUPPORTED', 'The operation is unsupported.');
  found.pulledAt = site.now();
  return { status: 200, headers, body: found.bytes };
}

function tags(visit: Visit, repository: StoredRepository): HttpAnswer {
  demand(visit, 'ecr:ListImages');
  const all = [...repository.manifests.values()].flatMap((manifest) => [...manifest.tags]).sort();
  return { status: 200, body: JSON.stringify({ name: visit.name, tags: all }) };
}

function blobs(visit: Visit, repository: StoredRepository, digest: string): HttpAnswer {
  const { request, site } = visit;
  const bytes = repository.layers.get(digest);
  if (request.method === 'HEAD') {
    demand(visit, 'ecr:BatchCheckLayerAvailability');
    if (!bytes) return { status: 404 };
    return { status: 200, headers: { 'content-length': String(bytes.length), 'docker-content-digest': digest } };
  }
  if (request.method !== 'GET') return failure(405, 'UNSUPPORTED', 'The operation is unsupported.');
  demand(visit, 'ecr:GetDownloadUrlForLayer');
  if (!bytes) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  const location = `${site.world.url}${site.world.downloads.offer(bytes, site.world.clock.now())}`;
  return { status: 307, headers: { location } };
}

/** Blobs come whole or in chunks. Mounting from another repository is off by default, and answered with an upload. */
function uploads(visit: Visit, repository: StoredRepository, reference: string): HttpAnswer {
  const { request, site, name } = visit;
  const id = reference.replace(/^uploads\/?/, '');
  if (request.method === 'POST') {
    demand(visit, 'ecr:InitiateLayerUpload');
    const upload = site.ecr.openUpload(name);
    if (request.query.get('digest')) return finish(visit, repository, upload.id);
    return progress(name, upload.id, 0);
  }
  const upload = site.ecr.uploads.get(id);
  if (!upload || upload.repository !== name) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown');
  if (request.method === 'PATCH') {
    demand(visit, 'ecr:UploadLayerPart');
    upload.parts.push(request.body);
    upload.bytes += request.body.length;
    return progress(name, id, upload.bytes);
  }
  if (request.method === 'PUT') return finish(visit, repository, id);
  return request.method === 'GET'
    ? { ...progress(name, id, upload.bytes), status: 204 }
    : failure(405, 'UNSUPPORTED', 'The operation is unsupported.');
}

function finish(visit: Visit, repository: StoredRepository, id: string): HttpAnswer {
  const { request, site, name } = visit;
  demand(visit, 'ecr:CompleteLayerUpload');
  const bytes = Buffer.concat([...(site.ecr.uploads.get(id)?.parts ?? []), request.body]);
  const digest = digestOf(bytes);
  if (request.query.get('digest') !== digest) return failure(400, 'DIGEST_INVALID', 'The digest is not the blob’s');
  site.ecr.uploads.delete(id);
  repository.layers.set(digest, bytes);
  return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest } };
}

function progress(name: string, id: string, bytes: number): HttpAnswer {
  const range = `0-${Math.max(0, bytes - 1)}`;
  const location = `/v2/${name}/blobs/uploads/${id}`;
  return { status: 202, headers: { location, range, 'docker-upload-uuid': id } };
}

/** Throws AccessDeniedException unless who asked for the login may do that to the repository. */
function demand({ site, login, name }: Visit, action: string): void {
  if (!login.identity) return;
  site.world.identities.authorize(login.identity, {
    action,
    resource: site.arn('ecr', `repository/${name}`),
    context: {},
  });
}

function registryError({ code, message }: AwsError): HttpAnswer {
  if (code === 'RepositoryNotFoundException') return failure(404, 'NAME_UNKNOWN', message);
  if (code === 'AccessDeniedException') return failure(403, 'DENIED', message);
  if (code === 'ImageTagAlreadyExistsException') return failure(400, 'TAG_INVALID', message);
  if (code === 'LayersNotFoundException') return failure(400, 'BLOB_UNKNOWN', message);
  return failure(400, 'MANIFEST_INVALID', message);
}

function failure(status: number, code: string, message: string): HttpAnswer {
  const headers = { 'content-type': 'application/json' };
  return { status, headers, body: JSON.stringify({ errors: [{ code, message }] }) };
}
