/** The restJson1 protocol, which EFS speaks: operation and members from the method, the path, the query and the body. */
import type { AwsError } from '../aws-error.ts';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';
import { type Operation, type ServiceModel, shapeOf } from '../model/service-model.ts';

export interface RestMatch {
  operation: Operation;
  labels: Record<string, string>;
}

export function matchOperation(model: ServiceModel, { method, path }: HttpRequest): RestMatch | undefined {
  for (const operation of Object.values(model.operations)) {
    if (operation.http.method !== method) continue;
    const labels = matchUri(operation.http.requestUri, path);
    if (labels) return { operation, labels };
  }
  return undefined;
}

function matchUri(template: string, path: string): Record<string, string> | undefined {
  const wanted = trimSlash(template.split('?')[0] ?? '').split('/');
  const given = trimSlash(path).split('/');
  if (wanted.length !== given.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name) labels[name] = decodeURIComponent(given[index] ?? '');
    else if (part !== given[index]) return undefined;
  }
  return labels;
}

const trimSlash = (text: string) => text.replace(/\/$/, '');

/** The parts as one value; query parameters get the type of their member. */
export function readRest(model: ServiceModel, { operation, labels }: RestMatch, { query, body }: HttpRequest): unknown {
  const value: Record<string, unknown> = body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
  if (!operation.input) return value;
  const members = shapeOf(model, operation.input.shape).members ?? {};
  const byWireName = new Map(Object.entries(members).map(([name, member]) => [member.locationName ?? name, name]));
  for (const [wireName, text] of Object.entries(labels)) value[byWireName.get(wireName) ?? wireName] = text;
  for (const [wireName, text] of query) {
    const name = byWireName.get(wireName) ?? wireName;
    const type = members[name] ? shapeOf(model, members[name].shape).type : 'string';
    if (type === 'list') value[name] = query.getAll(wireName);
    else value[name] = type === 'string' ? text : type === 'boolean' ? text === 'true' : Number(text);
  }
  return value;
}

export function restError(error: AwsError, requestId: string): HttpAnswer {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': error.code,
    },
    body: JSON.stringify({ ErrorCode: error.code, Message: error.message, ...error.details }),
  };
}
