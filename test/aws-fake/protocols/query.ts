/** The query protocols of STS and EC2: form parameters in, XML out. */
import { AwsError } from '../aws-error.ts';
import type { HttpAnswer, HttpRequest } from '../http-exchange.ts';
import { type Member, type Operation, type ServiceModel, type Shape, shapeOf } from '../model/service-model.ts';
import { element, escapeXml, structureXml } from './xml.ts';

/** The form's parameters as a nested value of the operation's input, and the names that its shape does not have. */
export function readForm(model: ServiceModel, operation: Operation, { body }: HttpRequest) {
  const form = new Map(new URLSearchParams(body.toString('utf8')));
  form.delete('Action');
  form.delete('Version');
  const reader = new FormReader(model, form);
  const value = operation.input ? reader.structure(operation.input.shape, '') : {};
  return { value: value ?? {}, unknown: [...form.keys()].filter((name) => !reader.used.has(name)) };
}

class FormReader {
  readonly used = new Set<string>();
  private readonly model: ServiceModel;
  private readonly form: Map<string, string>;

  constructor(model: ServiceModel, form: Map<string, string>) {
    this.model = model;
    this.form = form;
  }

  structure(shapeName: string, prefix: string): Record<string, unknown> | undefined {
    const result: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(shapeOf(this.model, shapeName).members ?? {})) {
      const value = this.value(member, prefix + this.wireName(name, member));
      if (value !== undefined) result[name] = value;
    }
    return Object.keys(result).length > 0 ? result : undefined;
  }

  private value(member: Member, name: string): unknown {
    const shape = shapeOf(this.model, member.shape);
    if (shape.type === 'structure') return this.structure(member.shape, `${name}.`);
    if (shape.type === 'list') return this.list(shape, member, name);
    if (shape.type === 'map') throw new Error(`the fake reads no map from a form: ${name}`);
    const text = this.form.get(name);
    if (text !== undefined) this.used.add(name);
    return text;
  }

  private list(shape: Shape, member: Member, name: string): unknown[] | undefined {
    const inner = shape.member ?? { shape: 'String' };
    const flat = this.model.metadata.protocol === 'ec2' || shape.flattened || member.flattened;
    const prefix = flat ? name : `${name}.${inner.locationName ?? 'member'}`;
    if (this.form.get(name) === '') this.used.add(name);
    const values: unknown[] = [];
    for (let index = 1; ; index++) {
      const value = this.value(inner, `${prefix}.${index}`);
      if (value === undefined) break;
      values.push(value);
    }
    return values.length > 0 ? values : undefined;
  }

  private wireName(name: string, { queryName, locationName }: Member): string {
    if (this.model.metadata.protocol !== 'ec2') return locationName ?? name;
    const base = locationName ?? name;
    return queryName ?? base.charAt(0).toUpperCase() + base.slice(1);
  }
}

export function queryAnswer(model: ServiceModel, operation: Operation, value: unknown, requestId: string): HttpAnswer {
  const { protocol, xmlNamespace } = model.metadata;
  const content = operation.output ? structureXml(model, operation.output.shape, value) : '';
  const attributes = xmlNamespace ? ` xmlns="${xmlNamespace}"` : '';
  const id = element(protocol === 'ec2' ? 'requestId' : 'RequestId', requestId);
  const ec2Content = content || element('return', 'true');
  const wrapped = operation.output?.resultWrapper ? element(operation.output.resultWrapper, content) : content;
  const inner = protocol === 'ec2' ? id + ec2Content : wrapped + element('ResponseMetadata', id);
  return xmlAnswer(200, element(`${operation.name}Response`, inner, attributes), requestId);
}

export function queryError(protocol: string, error: AwsError, requestId: string): HttpAnswer {
  const type = protocol === 'ec2' ? '' : element('Type', error.status >= 500 ? 'Receiver' : 'Sender');
  const content = element('Error', type + element('Code', error.code) + element('Message', escapeXml(error.message)));
  const body =
    protocol === 'ec2'
      ? element('Response', element('Errors', content) + element('RequestID', requestId))
      : element('ErrorResponse', content + element('RequestId', requestId));
  return xmlAnswer(error.status, body, requestId);
}

function xmlAnswer(status: number, body: string, requestId: string): HttpAnswer {
  const headers = { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId };
  return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

/** The operation that a form asks for. */
export function formAction({ body }: HttpRequest): string {
  const action = new URLSearchParams(body.toString('utf8')).get('Action');
  if (!action) throw new AwsError('MissingAction', 'The request is missing an action or a required parameter.', 400);
  return action;
}
