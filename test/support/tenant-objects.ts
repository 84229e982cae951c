/** One object of each kind for a tenant, and under which names another tenant might look for them. */
import { createRequest } from '../../src/pki/request.ts';
import type { Kind } from '../conformance/endpoint-rows.ts';
import type { TestApp, TestTenant } from './app.ts';

/** By kind: names of what is there, each with one of the same shape for what is not. */
export type Names = Record<Kind, { real: string; missing: string }[]>;

/** Other digits, same length. */
const otherDigits = (hex: string) =>
  hex.replace(/[0-9a-f]/g, (digit) => ((Number.parseInt(digit, 16) + 5) % 16).toString(16));

const otherDigest = (name: string) => name.replace(/[0-9a-f]{64}$/, otherDigits);

/**
 * Makes a running container with a volume, all on a network and from an image of its own. Every name begins with the
 * tenant's, and a missing one with `tenant-z`.
 */
export async function makeObjects({ operator }: TestApp, { name: tenant, admin }: TestTenant): Promise<Names> {
  const named = (name: string) => ({ real: name, missing: name.replaceAll(tenant, 'tenant-z') });
  const identified = (id: string, name: string) => [
    named(name),
    { real: id, missing: otherDigits(id) },
    { real: id.slice(0, 12), missing: otherDigits(id.slice(0, 12)) },
  ];
  const reference = `${tenant}/app:1`;
  const image = await admin.expect<{ id: string; repoDigests: string[] }>(200, 'POST', '/v1/images/pull', {
    reference,
  });
  const network = await admin.expect<{ id: string }>(201, 'POST', '/v1/networks', { name: `${tenant}-net` });
  await admin.expect(201, 'POST', '/v1/volumes', { name: `${tenant}-data` });
  const container = await admin.expect<{ id: string }>(201, 'POST', '/v1/containers', {
    name: `${tenant}-web`,
    image: reference,
    command: ['sleep', '600'],
    networks: [{ name: `${tenant}-net` }],
    mounts: [{ type: 'volume', source: `${tenant}-data`, target: '/data' }],
    start: true,
  });
  const exec = await admin.expect<{ Id: string }>(201, 'POST', `/containers/${container.id}/exec`, { Cmd: ['true'] });
  const key = await operator.expect<{ id: string }>(201, 'POST', `/v1/tenants/${tenant}/keys`, {
    name: 'x',
    role: 'viewer',
  });
  const certificate = await operator.expect<{ id: string }>(201, 'POST', `/v1/tenants/${tenant}/certificates`, {
    name: 'x',
    role: 'viewer',
    csr: createRequest('x').requestPem,
  });
  const digits = image.id.slice('sha256:'.length);
  return {
    container: identified(container.id, `${tenant}-web`),
    exec: [{ real: exec.Id, missing: otherDigits(exec.Id) }],
    network: identified(network.id, `${tenant}-net`),
    volume: [named(`${tenant}-data`)],
    image: [
      named(reference),
      { real: image.repoDigests[0] ?? '', missing: otherDigest(image.repoDigests[0] ?? '') },
      { real: image.id, missing: `sha256:${otherDigits(digits)}` },
      { real: digits.slice(0, 12), missing: otherDigits(digits.slice(0, 12)) },
    ],
    key: [{ real: key.id, missing: [...key.id].reverse().join('') }],
    certificate: [{ real: certificate.id, missing: otherDigits(certificate.id) }],
    tenant: [named(tenant)],
  };
}
