/** The REST door: which routes there are, who may use them, and how a request that does not fit its schema is answered. */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../../context.ts';
import { type Admission, createAdmission } from '../admission.ts';
import { isOperatorsPath, operatorAuth, refuseKeyInUrl, tenantAuth, ticketAuth } from '../auth.ts';
import type { Environment } from '../environment.ts';
import { idempotency } from '../idempotency.ts';
import { attachSocketRoutes } from './attach-socket.ts';
import { attachmentRoutes } from './attachments.ts';
import { certificateRoutes } from './certificates.ts';
import { commitRoutes } from './commit.ts';
import { containerFileRoutes } from './container-files.ts';
import { containerVerbRoutes } from './container-verbs.ts';
import { containerRoutes } from './containers.ts';
import { onlyWhatIsDescribed } from './described.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './exec.ts';
import { execSessionRoutes } from './exec-session.ts';
import { execSocketRoutes } from './exec-socket.ts';
import { imageArchiveRoutes } from './image-archives.ts';
import { imageBuildRoutes } from './image-build.ts';
import { imagePullRoutes } from './image-pull.ts';
import { imageRoutes } from './images.ts';
import { logRoutes } from './logs.ts';
import { networkRoutes } from './networks.ts';
import { orphanRoutes } from './orphans.ts';
import { providerRoutes } from './provider.ts';
import { pushAccessRoutes } from './push-access.ts';
import { recoverAnswer } from './recover.ts';
import { router, type V1 } from './router.ts';
import { statsRoutes } from './stats.ts';
import { tenantRoutes } from './tenants.ts';
import { ticketRoutes } from './tickets.ts';
import { volumeRoutes } from './volumes.ts';
import { waitRoutes } from './wait.ts';

export function createV1(deps: Deps, admission: Admission = createAdmission(deps)): V1 {
  const { authenticator, limiter, streams } = admission;
  const asOperator = operatorAuth(authenticator);
  const asTenant = tenantAuth(authenticator, limiter);
  const withTicket = ticketAuth(deps, limiter, asTenant);

  const v1 = router();
  v1.use('*', (c, next) => {
    refuseKeyInUrl(c.req.url);
    if (isOperatorsPath(c.req.path)) return asOperator(c, next);
    return /^\/v1\/(events|containers\/[^/]+\/(exec|attach)\/ws)$/.test(c.req.path)
      ? withTicket(c, next)
      : asTenant(c, next);
  });
  v1.use('*', onlyWhatIsDescribed(v1));
  v1.post('*', emptyBodyIsNone, idempotency(deps, recoverAnswer(deps)));
  tenantRoutes(v1, deps);
  orphanRoutes(v1, deps);
  certificateRoutes(v1, deps);
  containerRoutes(v1, deps);
  containerVerbRoutes(v1, deps);
  imagePullRoutes(v1, deps);
  pushAccessRoutes(v1, deps);
  imageRoutes(v1, deps);
  imageArchiveRoutes(v1, deps, streams);
  imageBuildRoutes(v1, deps);
  networkRoutes(v1, deps);
  attachmentRoutes(v1, deps);
  volumeRoutes(v1, deps);
  logRoutes(v1, deps, streams);
  waitRoutes(v1, deps, streams);
  execRoutes(v1, deps, streams);
  execSessionRoutes(v1, deps);
  execSocketRoutes(v1, deps, streams);
  attachSocketRoutes(v1, deps, streams);
  statsRoutes(v1, deps, streams);
  containerFileRoutes(v1, deps, streams);
  commitRoutes(v1, deps);
  eventRoutes(v1, deps, streams);
  ticketRoutes(v1, deps);
  providerRoutes(v1, deps);
  return v1;
}

/** Many clients send a JSON content type with every POST: without a body it says nothing, and optional bodies stay optional. */
const emptyBodyIsNone: MiddlewareHandler<Environment> = async (c, next) => {
  const empty = !c.req.header('transfer-encoding') && Number(c.req.header('content-length') ?? 0) === 0;
  if (empty && c.req.header('content-type') !== undefined) c.req.raw.headers.delete('content-type');
  return next();
};
