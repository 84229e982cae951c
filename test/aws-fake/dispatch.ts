/** From a signed request to an answer: who asks, what for, whether it is valid, allowed and not too often, then the handler. */
import { randomUUID } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';
import { denied, type Identity } from './identities.ts';
import { modelOf } from './model/merged-model.ts';
import type { Operation, ServiceModel } from './model/service-model.ts';
import { type Problem, readInput } from './model/validation.ts';
import type { Access } from './policies.ts';
import { errorAs } from './protocols/error-codes.ts';
import { jsonAnswer, jsonError, toJson } from './protocols/json.ts';
import { formAction, queryAnswer, queryError, readForm } from './protocols/query.ts';
import { matchOperation, readRest, restError } from './protocols/rest-json.ts';
import type { Service } from './service.ts';
import type { Site } from './site.ts';

export interface Dispatched {
  answer: HttpAnswer;
  /** Whether the connection is to be cut instead. */
  lost: boolean;
}

export async function dispatch(
  service: Service,
  site: Site,
  request: HttpRequest,
  identify: () => Identity,
): Promise<Dispatched> {
  const requestId = randomUUID();
  const model = modelOf(service);
  let action = `${service.iamName}:?`;
  const record = (error?: string) => {
    const { account, region } = site;
    site.world.calls.push({ action, account, region, atMs: site.world.clock.now(), error });
  };
  try {
    const identity = identify();
    const { operation, raw, problems } = decode(model, request);
    action = `${service.iamName}:${operation.name}`;
    const { value, input } = check(service, model, operation, raw, problems, site, action);
    const resource = service.resource?.(operation.name, input, site) ?? '*';
    const context = service.context?.(operation.name, input, site) ?? {};
    const demands = service.demands?.(operation.name, input, site) ?? [];
    admit(site, identity, [{ action, resource, context }, ...demands], input);
    const handler = service.handlers[operation.name];
    if (!handler) throw new AwsError('UnknownOperationException', `The fake has no ${action}`, 501);
    const output = await handler(value as never, { site, identity, requestId });
    record();
    const lost = site.world.habits.loseReply(action, value);
    return { answer: encode(model, operation, output, requestId), lost };
  } catch (error) {
    const known = errorAs(service.signingName, knownError(site, error));
    record(known.code);
    return { answer: encodeError(model, known, requestId), lost: false };
  }
}

interface Decoded {
  operation: Operation;
  raw: unknown;
  problems: Problem[];
}

function decode(model: ServiceModel, request: HttpRequest): Decoded {
  const { protocol, targetPrefix } = model.metadata;
  if (protocol === 'json') {
    const [prefix, name = ''] = (request.headers['x-amz-target'] ?? '').split('.');
    const operation = prefix === targetPrefix ? model.operations[name] : undefined;
    if (!operation) throw new AwsError('UnknownOperationException', `no operation ${request.headers['x-amz-target']}`);
    return { operation, raw: parseJson(request), problems: [] };
  }
  if (protocol === 'rest-json') {
    const match = matchOperation(model, request);
    if (!match) throw new AwsError('UnknownOperationException', `no operation ${request.method} ${request.path}`, 404);
    return { operation: match.operation, raw: readRest(model, match, request), problems: [] };
  }
  const name = formAction(request);
  const operation = model.operations[name];
  if (!operation) throw new AwsError('InvalidAction', `The action ${name} is not valid for this web service.`);
  const { value, unknown } = readForm(model, operation, request);
  const problems = unknown.map((path) => ({ kind: 'unknown' as const, path, text: 'is no parameter' }));
  return { operation, raw: value, problems };
}

function parseJson({ body }: HttpRequest): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The body is not JSON.');
  }
}

/** The input with its types; throws, and records the violations, when the model does not have it. */
function check(
  service: Service,
  model: ServiceModel,
  operation: Operation,
  raw: unknown,
  before: Problem[],
  site: Site,
  action: string,
) {
  const textual = model.metadata.protocol === 'query' || model.metadata.protocol === 'ec2';
  const reading = operation.input ? readInput(model, operation.input.shape, raw, textual) : { value: {}, problems: [] };
  const problems = [...before, ...reading.problems];
  for (const { path, text } of problems) site.world.violations.push({ action, problem: `${path} ${text}` });
  const [first] = problems;
  if (first) throw new AwsError(codeOf(service, first), sentence(problems));
  return { value: reading.value, input: (reading.value ?? {}) as Record<string, unknown> };
}

function codeOf(service: Service, problem: Problem): string {
  if (problem.kind !== 'type' && problem.kind !== 'unknown') return service.invalidCode(problem);
  return service.signingName === 'ec2' ? 'InvalidParameterValue' : 'SerializationException';
}

function sentence(problems: Problem[]): string {
  const list = problems.map(({ path, text }) => `Value at '${path}' ${text}`).join('; ');
  return `${problems.length} validation error${problems.length > 1 ? 's' : ''} detected: ${list}`;
}

/** Throws unless the identity may do all that, now, and nothing about the fake's habits is against the first of it. */
export function admit(site: Site, identity: Identity, accesses: [Access, ...Access[]], input: unknown): void {
  const { habits, identities } = site.world;
  for (const access of accesses) {
    if (habits.deny.has(access.action)) throw denied(identity, access);
    // Everybody may ask who they are, whatever their policies say.
    if (access.action !== 'sts:GetCallerIdentity') identities.authorize(identity, access);
  }
  const [{ action }] = accesses;
  if (habits.throttle) site.throttles.take(action);
  const refusal = habits.refuse(action, input);
  if (refusal) throw refusal;
}

/** What is no answer of AWS's is a defect of the fake. */
export function knownError(site: Site, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  site.world.failures.push(error);
  return new AwsError('InternalFailure', String(error), 500);
}

function encode(model: ServiceModel, operation: Operation, output: unknown, requestId: string): HttpAnswer {
  const { protocol } = model.metadata;
  if (protocol === 'query' || protocol === 'ec2') return queryAnswer(model, operation, output, requestId);
  const json = operation.output ? toJson(model, operation.output.shape, output) : {};
  const answer = jsonAnswer(json, requestId);
  const { responseCode: status = 200 } = operation.http;
  if (protocol === 'json') return answer;
  return status === 204 ? { ...answer, status, body: '' } : { ...answer, status };
}

function encodeError(model: ServiceModel, error: AwsError, requestId: string): HttpAnswer {
  const { protocol } = model.metadata;
  if (protocol === 'json') return jsonError(error, requestId);
  return protocol === 'rest-json' ? restError(error, requestId) : queryError(protocol, error, requestId);
}
