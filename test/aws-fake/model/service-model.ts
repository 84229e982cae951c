/** The vocabulary of AWS's published service models, as botocore's service-2.json files write them. */

export type ScalarType = 'string' | 'integer' | 'long' | 'double' | 'float' | 'boolean' | 'timestamp' | 'blob';

export interface Member {
  shape: string;
  location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';
  locationName?: string;
  queryName?: string;
  flattened?: boolean;
  streaming?: boolean;
}

export interface Shape {
  type: ScalarType | 'structure' | 'list' | 'map';
  members?: Record<string, Member>;
  required?: string[];
  /** Of a list. */
  member?: Member;
  /** Of a map. */
  key?: Member;
  value?: Member;
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  flattened?: boolean;
  payload?: string;
  union?: boolean;
  timestampFormat?: 'iso8601' | 'unixTimestamp' | 'rfc822';
}

export interface Operation {
  name: string;
  http: { method: string; requestUri: string; responseCode?: number };
  input?: { shape: string };
  output?: { shape: string; resultWrapper?: string };
}

export interface ServiceModel {
  metadata: {
    apiVersion: string;
    endpointPrefix: string;
    signingName?: string;
    protocol: 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml';
    jsonVersion?: string;
    targetPrefix?: string;
    xmlNamespace?: string;
  };
  operations: Record<string, Operation>;
  shapes: Record<string, Shape>;
}

/** The shape of that name; a model that refers to one it lacks is broken, not the request. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (!shape) throw new Error(`the service model has no shape ${name}`);
  return shape;
}
