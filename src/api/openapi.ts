/** The OpenAPI document: what every route says of itself, plus what holds for all of them. Pure, and the same for every installation. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { isOperatorsPath } from './auth.ts';
import type { Environment } from './environment.ts';
import type { V1 } from './v1/router.ts';

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const description = `
Longshore runs the containers of many tenants on a Docker Engine or in a cloud, and keeps them apart.

**Keys.** Every request carries \`Authorization: Bearer lsk_…\`. A tenant's key sees its tenant and nothing else: what belongs to
others is answered as if it did not exist. The routes under \`/v1/tenants\` and
\`/v1/orphans\` take the operator key.

**Verbs** answer when they are done, or with 202 and an operation to look at when that takes longer. A verb that the state
forbids is 409 and names the state; one that is satisfied already answers \`"changed": false\`.

**Idempotency-Key** on a POST (1 to 255 printable ASCII characters): the same key with the same request has one effect, and its
answer is replayed for a day with \`Idempotency-Replayed: true\`. While the first request is being worked on, a second one is 409
with \`Retry-After\`; the same key with another request is 422. A refusal that came before any effect is not kept.

**Lists** come in pages, newest first; \`nextCursor\` goes into \`?cursor=\` together with the same filters.

**Errors** are problem documents (RFC 9457): \`code\` is stable, \`errors\` names the fields, \`instance\` is the request id, which
every answer also carries as \`X-Request-Id\`.
`.trim();

const tags = [
  { name: 'containers', description: 'A container keeps its id, name and log across any number of starts and stops.' },
  { name: 'images', description: 'Pulled by a tenant for itself, or shared by the operator with everyone, read-only.' },
  { name: 'volumes', description: 'Named data that outlives containers.' },
  {
    name: 'networks',
    description: 'Containers of one network reach each other by name; every tenant has a default one.',
  },
  { name: 'events', description: 'What happened to the objects of a tenant, gapless and in order.' },
  { name: 'provider', description: 'Where containers run, and what can be had there.' },
  { name: 'tickets', description: 'Single-use stand-ins for a key, where a browser cannot send a header.' },
  { name: 'certificates', description: 'Client certificates: the credential that every Docker client can send.' },
  { name: 'tenants', description: 'For the operator: tenants, their quotas and keys.' },
  { name: 'orphans', description: 'For the operator: objects at the provider that no row explains.' },
];

/** Operations outside of the tags above, or without an entry of their own there, are a mistake that the document's test finds. */
export function describeApi(v1: V1): OpenApiDocument {
  const whole = new OpenAPIHono<Environment>();
  const scheme = (of: string) => ({ type: 'http', scheme: 'bearer', bearerFormat: 'lsk_…', description: of }) as const;
  whole.openAPIRegistry.registerComponent('securitySchemes', 'tenantKey', scheme('A key of a tenant: admin or viewer'));
  whole.openAPIRegistry.registerComponent('securitySchemes', 'operatorKey', scheme('The key of the operator'));
  whole.route('/v1', v1);
  const document = whole.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Longshore', version: '1', description },
    servers: [{ url: '/', description: 'This installation' }],
    security: [{ tenantKey: [] }],
    tags,
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!isOperatorsPath(path)) continue;
    for (const operation of Object.values(item)) operation.security = [{ operatorKey: [] }];
  }
  return document;
}
