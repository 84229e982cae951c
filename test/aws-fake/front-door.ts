/** What every request comes to, over a socket or in process: a registry's, a layer's, or one signed for a service. */
import { AwsError } from './aws-error.ts';
import { codeBuild } from './codebuild/service.ts';
import { type Dispatched, dispatch } from './dispatch.ts';
import { ec2 } from './ec2/service.ts';
import { answerRegistry } from './ecr/registry.ts';
import { ecr } from './ecr/service.ts';
import { ecs } from './ecs/service.ts';
import { elasticFileSystem } from './efs/service.ts';
import { eventBridge } from './event-bridge/service.ts';
import type { HttpRequest } from './http-exchange.ts';
import { logs } from './logs/service.ts';
import { jsonError } from './protocols/json.ts';
import { answerS3 } from './s3/answer.ts';
import { secretsManager } from './secrets-manager/service.ts';
import type { Service } from './service.ts';
import { serviceDiscovery } from './service-discovery/service.ts';
import { parseSignature, type Signature, verifySignature } from './signing.ts';
import type { Site } from './site.ts';
import { sqs } from './sqs/service.ts';
import { ssm } from './ssm/service.ts';
import { sts } from './sts/service.ts';
import type { World } from './world.ts';

const services: readonly Service[] = [
  ...[codeBuild, ec2, ecr, ecs, elasticFileSystem, eventBridge, logs, secretsManager, serviceDiscovery, sqs, ssm, sts],
];

/** Finds what an account has in a region. */
export type Sites = (account: string, region: string) => Site;

export const defaultAccount = '111122223333';

export async function respond(world: World, site: Sites, request: HttpRequest): Promise<Dispatched> {
  const download = world.downloads.answer(request, world.clock.now());
  if (download) return { answer: download, lost: false };
  if (/^\/v2(\/|$)/.test(request.path)) return { answer: answerRegistry(world, site, request), lost: false };
  const signature = parseSignature(request);
  const service = services.find(({ signingName }) => signingName === signature?.service);
  if (!signature || (!service && signature.service !== 's3')) return unsigned(signature);
  const home = site(world.identities.accountOf(signature.accessKeyId) ?? defaultAccount, signature.region);
  const identify = () => {
    const identity = world.identities.find(signature);
    verifySignature(request, signature, identity.secretAccessKey, Date.now());
    return identity;
  };
  return service ? dispatch(service, home, request, identify) : answerS3(home, request, identify);
}

function unsigned(signature: Signature | undefined): Dispatched {
  const error = signature
    ? new AwsError('UnknownOperationException', `The fake has no service ${signature.service}`, 404)
    : new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
  return { answer: { ...jsonError(error, ''), status: error.status }, lost: false };
}
