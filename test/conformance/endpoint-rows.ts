/**
 * What the endpoint sweep must know of every operation beside its document: which objects its parameters name, and a
 * request that is right but for them. An operation without a row here fails the sweep.
 */
import { createRequest } from '../../src/pki/request.ts';

/** Objects that a tenant has and another must not find. */
export type Kind = 'container' | 'exec' | 'image' | 'network' | 'volume' | 'key' | 'certificate' | 'tenant';

/** A name, as it has to be written in a body; each kind's names are in objects-of-tenants.ts. */
type Of<T> = (reference: string) => T;

export interface EndpointRow {
  /** The kind of each path parameter. */
  path?: Record<string, Kind>;
  /** A valid query, for requests that need one. */
  query?: string;
  /** A valid body. */
  body?: unknown;
  /** Names of objects elsewhere than in the path. `status`: what one that is not there is answered with. */
  references?: { kind: Kind; status: number; body?: Of<unknown>; query?: Of<string> }[];
  /** Set where a viewer may do more, or less, than the method says. */
  viewerMay?: boolean;
  /** Takes a ticket in its query instead of a key. */
  ticket?: true;
}

const ofContainer: EndpointRow = { path: { container: 'container' } };
const ofImage: EndpointRow = { path: { reference: 'image' } };
const ofTenant: EndpointRow = { path: { tenant: 'tenant' } };
const q = encodeURIComponent;
const certificate = { name: 'another', role: 'viewer', csr: createRequest('another').requestPem };

export const endpointRows: Record<string, EndpointRow> = {
  createTenant: { body: { name: 'tenant-c' } },
  listTenants: {},
  getTenant: ofTenant,
  deleteTenant: ofTenant,
  changeQuotas: { ...ofTenant, body: { containers: 1 } },
  createKey: { ...ofTenant, body: { name: 'another', role: 'viewer' } },
  listKeys: ofTenant,
  revokeKey: { path: { tenant: 'tenant', key: 'key' } },
  listOrphans: {},
  releaseOrphans: { body: { count: 0 } },

  getProvider: {},

  issueCertificate: { body: certificate },
  listCertificates: {},
  revokeCertificate: { path: { certificate: 'certificate' } },
  issueCertificateForTenant: { ...ofTenant, body: certificate },
  listCertificatesOfTenant: ofTenant,
  revokeCertificateOfTenant: { path: { tenant: 'tenant', certificate: 'certificate' } },

  createContainer: {
    body: { image: 'longshore-test/busybox' },
    references: [
      { kind: 'image', status: 404, body: (image) => ({ image }) },
      { kind: 'network', status: 404, body: (name) => ({ image: 'longshore-test/busybox', networks: [{ name }] }) },
    ],
  },
  listContainers: {
    references: [
      { kind: 'container', status: 200, query: (name) => `name=${q(name)}` },
      { kind: 'image', status: 200, query: (image) => `image=${q(image)}` },
    ],
  },
  getContainer: ofContainer,
  removeContainer: { ...ofContainer, query: 'force=true&volumes=true' },
  listContainerOperations: ofContainer,
  startContainer: { ...ofContainer, body: {} },
  stopContainer: { ...ofContainer, body: { graceSeconds: 0 } },
  restartContainer: { ...ofContainer, body: { graceSeconds: 0 } },
  killContainer: { ...ofContainer, body: { signal: 'KILL' } },
  pauseContainer: { ...ofContainer, body: {} },
  unpauseContainer: { ...ofContainer, body: {} },
  updateContainer: { ...ofContainer, body: { resources: { pids: 99 } } },
  renameContainer: { ...ofContainer, body: { name: 'renamed' } },
  readContainerLogs: ofContainer,
  waitForContainer: { ...ofContainer, query: 'timeoutSeconds=1' },
  execInContainer: { ...ofContainer, body: { command: ['echo', 'hello'] } },
  openExecSession: { path: { exec: 'exec' }, body: {} },
  reportExecResult: { path: { exec: 'exec' }, body: { exitCode: 0 } },
  openExecSocket: { ...ofContainer, query: 'command=sh', viewerMay: false, ticket: true },
  openAttachSocket: { ...ofContainer, query: 'stdin=true', viewerMay: false, ticket: true },
  readContainerStats: ofContainer,
  listContainerProcesses: ofContainer,
  readContainerArchive: { ...ofContainer, query: 'path=/tmp' },
  writeContainerArchive: { ...ofContainer, query: 'path=/tmp', body: {} },
  listContainerChanges: ofContainer,
  exportContainer: ofContainer,
  commitContainer: { ...ofContainer, body: { repository: 'mine' } },

  pullImage: { body: { reference: 'alpine' } },
  createPushCredentials: { body: { repositories: ['team/web'] } },
  listImages: { references: [{ kind: 'image', status: 200, query: (name) => `name=${q(name)}` }] },
  getImage: ofImage,
  removeImage: { ...ofImage, query: 'force=true' },
  getImageHistory: ofImage,
  tagImage: { ...ofImage, body: { repository: 'mine' } },
  saveImage: ofImage,
  loadImages: { body: {} },
  importImage: { body: {} },
  buildImage: { body: {} },
  pushImage: { ...ofImage, body: {} },
  pruneImages: { body: { all: true } },
  getDiskUsage: {},

  createNetwork: { body: { name: 'another' } },
  listNetworks: { references: [{ kind: 'network', status: 200, query: (name) => `name=${q(name)}` }] },
  getNetwork: { path: { network: 'network' } },
  removeNetwork: { path: { network: 'network' } },
  connectContainer: {
    path: { network: 'network' },
    body: { container: 'tenant-a-web' },
    references: [{ kind: 'container', status: 404, body: (container) => ({ container }) }],
  },
  disconnectContainer: {
    path: { network: 'network' },
    body: { container: 'tenant-a-web' },
    references: [{ kind: 'container', status: 404, body: (container) => ({ container }) }],
  },
  pruneNetworks: {},

  createVolume: { body: { name: 'another' } },
  listVolumes: { references: [{ kind: 'volume', status: 200, query: (name) => `name=${q(name)}` }] },
  getVolume: { path: { volume: 'volume' } },
  removeVolume: { path: { volume: 'volume' } },
  pruneVolumes: { body: { all: true } },

  readEvents: {
    query: 'follow=false',
    ticket: true,
    references: [{ kind: 'container', status: 200, query: (id) => `follow=false&resourceId=${q(id)}` }],
  },
  createTicket: { viewerMay: true },
};
