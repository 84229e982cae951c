/** The JSON protocols: awsJson1_1 bodies, and the values of restJson1. */
import type { AwsError } from '../aws-error.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import { type ServiceModel, shapeOf } from '../model/service-model.ts';

export function jsonAnswer(value: unknown, requestId: string): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify(value ?? {}),
  };
}

export function jsonError(error: AwsError, requestId: string): HttpAnswer {
  return {
    status: error.status === 403 ? 400 : error.status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify({ __type: error.code, message: error.message, ...error.details }),
  };
}

/** A handler's result as JSON of the shape. Throws on what the shape does not have: then the fake itself is wrong. */
export function toJson(model: ServiceModel, shapeName: string, value: unknown, path = shapeName): unknown {
  if (value === undefined || value === null) return undefined;
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case 'structure': {
      const entries = Object.entries(value as object).map(([name, inner]) => {
        const member = shape.members?.[name];
        if (!member) throw new Error(`the fake answers with ${path}.${name}, which AWS does not have`);
        return [name, toJson(model, member.shape, inner, `${path}.${name}`)];
      });
      return Object.fromEntries(entries);
    }
    case 'list': {
      const inner = shape.member?.shape ?? 'String';
      return (value as unknown[]).map((entry) => toJson(model, inner, entry, `${path}[]`));
    }
    case 'map': {
      const inner = shape.value?.shape ?? 'String';
      return Object.fromEntries(
        Object.entries(value as object).map(([key, entry]) => [key, toJson(model, inner, entry, `${path}.${key}`)]),
      );
    }
    case 'timestamp':
      return (value as Date).getTime() / 1000;
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64');
    default:
      return scalar(shape.type, value, path);
  }
}

function scalar(type: string, value: unknown, path: string): unknown {
  const wanted = type === 'string' || type === 'boolean' ? type : 'number';
  const given = typeof value === 'bigint' ? Number(value) : value;
  if (typeof given !== wanted) throw new Error(`the fake answers ${path} with a ${typeof given}, not a ${wanted}`);
  return given;
}
