/** Connections that carry bytes in both directions, and processes that no such connection reaches. */
import type { Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';

/** Throws unsupported where the server of this process answers each request and nothing else. */
export function requireTwoWay({ listening }: Deps): void {
  if (listening.twoWay) return;
  throw new AppError(
    'unsupported',
    'This address carries no connection in both directions, which attach and interactive commands need. Use the socket of ' +
      '`longshore connect`, or ask the operator to deploy the service that carries them (docs/aws-deploy.md). ' +
      'POST /v1/containers/{container}/exec runs a command to its end here as well',
  );
}
