/** Routes of client certificates: those of a tenant for its admins, and the same below /tenants for the operator. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { roles } from '../../domain/principal.ts';
import {
  authorityOf,
  type CertificateRecord,
  type CertificateTenant,
  issueCertificate,
  listCertificates,
  ownTenant,
  revokeCertificate,
  tenantNamed,
} from '../../services/certificates.ts';
import { pageFrom, pageOut } from '../../services/cursors.ts';
import { answers, idempotencyKey, json, jsonBody, pageOf, pageQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const certificateView = z
  .object({
    id: z.string().describe('SHA-256 of its DER'),
    serial: z.string(),
    name: z.string(),
    role: z.enum(roles),
    createdAt: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Certificate' });
const issuedView = certificateView
  .extend({
    certificate: z.string().describe('PEM: cert.pem of DOCKER_CERT_PATH'),
    ca: z.string().describe('PEM: ca.pem of DOCKER_CERT_PATH'),
    tlsPort: z.int().nullable().describe('Where this server listens with TLS; null where it does not'),
  })
  .meta({ id: 'IssuedCertificate' });

const view = ({ id, serial, name, role, createdAt, notAfter, lastUsedAt }: CertificateRecord) => ({
  ...{ id, serial, name, role },
  createdAt: createdAt.toISOString(),
  notAfter: notAfter.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
export const viewIssued = (deps: Deps, record: CertificateRecord) => ({
  ...view(record),
  certificate: record.pem,
  ca: authorityOf(deps).certificatePem,
  tlsPort: deps.listening.tlsPort,
});

const newCertificate = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .regex(/^\P{C}+$/u, 'must be printable')
      .describe('Of the holder, for people'),
    role: z.enum(roles),
    csr: z
      .string()
      .max(16_384)
      .describe('PKCS #10 in PEM. Only its key counts: subject and extensions of the certificate are ours'),
    days: z.int().min(1).max(825).default(90).describe('How long it is good, at most as long as the authority'),
  })
  .meta({ id: 'NewCertificate' });
const query = z.strictObject(pageQuery);
const certificatePath = z.object({ certificate: z.string().min(1).max(64) });
const tenantPath = z.object({ tenant: z.string().min(1).max(64) });

const ofTenant = { tags: ['certificates'] };
const ofOperator = { tags: ['tenants'] };
const issue = {
  method: 'post',
  summary: 'Sign a certificate that stands for the tenant with a role',
  responses: answers({ 201: json(issuedView, 'Issued') }, 404, 409, 413, 422, 501),
} as const;
const list = {
  method: 'get',
  summary: 'List the certificates that are good, newest first',
  responses: answers({ 200: json(pageOf(certificateView, 'CertificatePage'), 'A page') }, 404),
} as const;
const revoke = {
  method: 'delete',
  summary: 'Revoke a certificate; it stops working within five seconds',
  responses: answers({ 204: { description: 'Revoked' } }, 404),
} as const;
const asked = { headers: idempotencyKey, body: jsonBody(newCertificate) };

const routes = {
  issue: createRoute({ ...issue, ...ofTenant, path: '/certificates', operationId: 'issueCertificate', request: asked }),
  list: createRoute({
    ...list,
    ...ofTenant,
    path: '/certificates',
    operationId: 'listCertificates',
    request: { query },
  }),
  revoke: createRoute({
    ...{ ...revoke, ...ofTenant },
    path: '/certificates/{certificate}',
    operationId: 'revokeCertificate',
    request: { params: certificatePath },
  }),
  issueFor: createRoute({
    ...{ ...issue, ...ofOperator },
    path: '/tenants/{tenant}/certificates',
    operationId: 'issueCertificateForTenant',
    request: { ...asked, params: tenantPath },
  }),
  listFor: createRoute({
    ...{ ...list, ...ofOperator },
    path: '/tenants/{tenant}/certificates',
    operationId: 'listCertificatesOfTenant',
    request: { query, params: tenantPath },
  }),
  revokeFor: createRoute({
    ...{ ...revoke, ...ofOperator },
    path: '/tenants/{tenant}/certificates/{certificate}',
    operationId: 'revokeCertificateOfTenant',
    request: { params: tenantPath.extend(certificatePath.shape) },
  }),
};

export function certificateRoutes(app: V1, deps: Deps): void {
  app.openapi(routes.issue, async (c) => {
    const ctx = c.get('ctx');
    return c.json(viewIssued(deps, await issueCertificate(deps, ctx, ownTenant(ctx), c.req.valid('json'))), 201);
  });
  app.openapi(routes.list, async (c) =>
    c.json(await pageOfCertificates(deps, ownTenant(c.get('ctx')), c.req.valid('query')), 200),
  );
  app.openapi(routes.revoke, async (c) => {
    const ctx = c.get('ctx');
    await revokeCertificate(deps, ctx, ownTenant(ctx), c.req.valid('param').certificate);
    return c.body(null, 204);
  });
  app.openapi(routes.issueFor, async (c) => {
    const tenant = await tenantNamed(deps, c.req.valid('param').tenant);
    return c.json(
      viewIssued(deps, await issueCertificate(deps, c.get('operatorCtx'), tenant, c.req.valid('json'))),
      201,
    );
  });
  app.openapi(routes.listFor, async (c) => {
    const tenant = await tenantNamed(deps, c.req.valid('param').tenant);
    return c.json(await pageOfCertificates(deps, tenant, c.req.valid('query')), 200);
  });
  app.openapi(routes.revokeFor, async (c) => {
    const { tenant, certificate } = c.req.valid('param');
    await revokeCertificate(deps, c.get('operatorCtx'), await tenantNamed(deps, tenant), certificate);
    return c.body(null, 204);
  });
}

async function pageOfCertificates(deps: Deps, tenant: CertificateTenant, asked: z.output<typeof query>) {
  const of = { principal: { tenantId: tenant.id } };
  const page = pageFrom(deps, of, 'certificates', asked);
  const found = await listCertificates(deps, tenant, page);
  const position = ({ createdAt, id }: CertificateRecord) => ({ at: createdAt.toISOString(), id });
  const { items, nextCursor } = pageOut(deps, of, 'certificates', page, found, position);
  return { items: items.map(view), nextCursor };
}
