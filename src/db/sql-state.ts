/** What an error of the driver says by its code. */
import { AppError } from '../domain/errors.ts';

/** Our own code for statements that were not sent: the connection ended before it was their turn, or before the server let us in. */
export const notConnected = 'NOT_CONNECTED';

/** Of errors that come with the loss of a connection, or with its never having been made. */
const losses = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'CONNECT_TIMEOUT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', notConnected],
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED'],
  ...['57P01', '57P02', '57P03', '08000', '08003', '08006', '25P03'],
]);

/** SQLSTATE or socket code of an error, looking through drizzle's wrapper. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string' && !(error instanceof AppError)) return error.code;
  return error.cause === undefined ? null : sqlState(error.cause);
}

/** Division by zero, with which a statement of ours refuses itself. */
export const refusal = '22012';

/** Of errors of a connection that never came to be: no statement was sent. */
const unconnected = new Set([
  ...['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CONNECT_TIMEOUT'],
  ...['57P03', '53300', notConnected],
]);

export const isUnconnected = (error: unknown): boolean => unconnected.has(sqlState(error) ?? '');

/** A wrong password, or a login that does not exist. */
export const isRefusedLogin = (error: unknown): boolean => ['28P01', '28000'].includes(sqlState(error) ?? '');

/** A lock that a statement would not wait for is somebody else's. */
export const locked = '55P03';

export const isLoss = (error: unknown): boolean => losses.has(sqlState(error) ?? '');
