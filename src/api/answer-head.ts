/** The head of an answer on a connection that Node no longer speaks HTTP on. */
import { STATUS_CODES } from 'node:http';

/** @param reason Node's words for the status unless clients wait for others */
export function answerHead(
  status: number,
  headers: Record<string, string | number>,
  reason: string = STATUS_CODES[status] ?? '',
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`;
}
