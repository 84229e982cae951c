/** The function behind API Gateway, with response streaming: all of the API. A wrong or missing setting fails its start. */
import type { Writable } from 'node:stream';
import type { StreamifyHandler } from 'aws-lambda';
import { createApiHandler } from '../lambda/api-handler.ts';
import { parseFunctionConfig } from '../lambda/settings.ts';

const { HttpResponseStream, streamifyResponse } = awslambda;

const begin = (output: Writable, head: object) => HttpResponseStream.from(output, { ...head });

export const handler: StreamifyHandler = streamifyResponse(createApiHandler(parseFunctionConfig(process.env), begin));
