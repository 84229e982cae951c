/** Which headers a relay passes on: those that are about one connection stay on it (RFC 9110, 7.6.1). */

const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
]);

/**
 * Name and value in turn, as they came, without those of the connection, those that `Connection` names, and `drop`.
 * @param rawHeaders of Node's messages
 */
export function endToEnd(rawHeaders: readonly string[], ...drop: string[]): string[] {
  const pairs = pairsOf(rawHeaders);
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()));
  const stays = new Set([...hopByHop, ...named, ...drop]);
  return pairs.filter(([name]) => !stays.has(name.toLowerCase())).flat();
}

/** The lines of a head, without the first and without the empty one. */
export function headerLines(headers: readonly string[]): string {
  return pairsOf(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function pairsOf(headers: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: headers.length / 2 }, (_, n) => [headers[2 * n] ?? '', headers[2 * n + 1] ?? '']);
}
