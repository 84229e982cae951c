/** The API's own description, made by the shipped code without any service, and what tests read out of it. */
import type { Hono } from 'hono';
import { createApp } from '../../src/api/app.ts';
import type { Environment } from '../../src/api/environment.ts';
import { describeApi, type OpenApiDocument } from '../../src/api/openapi.ts';
import { createV1 } from '../../src/api/v1/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { Deps } from '../../src/context.ts';
import { connect } from '../../src/db/client.ts';
import { assembleDeps } from '../../src/deps.ts';
import { noMetrics } from '../../src/domain/metrics.ts';

type PathItem = NonNullable<OpenApiDocument['paths']>[string];
export type Operation = NonNullable<PathItem['get']>;

export interface Route {
  /** Upper case. */
  method: string;
  /** With its parameters in braces. */
  path: string;
  id: string;
  operation: Operation;
}

/** Deps that would fail at their first statement: the database is nowhere. */
async function serviceless(): Promise<Deps> {
  const url = 'postgres://nobody@nowhere';
  const config = parseConfig({ LONGSHORE_PROVIDER: 'memory', DATABASE_URL: url });
  const db = connect({ url, connections: 1 });
  return assembleDeps(config, { db, metrics: noMetrics, installation: { id: 'none', sealKey: 'none' } });
}
const deps = await serviceless();

export const documented = (): OpenApiDocument => describeApi(createV1(deps));
export const registered = (): Hono<Environment> => createApp(deps);

export function routesOf(document: OpenApiDocument): Route[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method: method.toUpperCase(), path, id: operation.operationId ?? '', operation }] : [];
    }),
  );
}

/** Whether it is for the operator key. */
export const isOperators = ({ operation }: Route): boolean =>
  operation.security?.some((scheme) => 'operatorKey' in scheme) ?? false;
