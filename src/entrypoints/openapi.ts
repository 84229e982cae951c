/** Prints the OpenAPI document. Needs no service: nothing of it depends on the settings, the database or the provider. */
import { describeApi } from '../api/openapi.ts';
import { createV1 } from '../api/v1/app.ts';
import { parseConfig } from '../config.ts';
import { connect } from '../db/client.ts';
import { assembleDeps } from '../deps.ts';
import { noMetrics } from '../domain/metrics.ts';

const url = 'postgres://nobody@nowhere';
const config = parseConfig({ LONGSHORE_PROVIDER: 'memory', DATABASE_URL: url });
const db = connect({ url, connections: 1 });
const deps = await assembleDeps(config, { db, metrics: noMetrics, installation: { id: 'none', sealKey: 'none' } });
console.log(JSON.stringify(describeApi(createV1(deps)), null, 2));
