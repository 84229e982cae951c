/** The paths of Docker's API that ask for a connection in both directions, or are about one. */

export type TwoWayCall =
  | { kind: 'attach'; container: string; query: URLSearchParams }
  | { kind: 'start'; exec: string }
  | { kind: 'resize'; exec: string; columns: number; rows: number };

/** Null for everything else. @param target of the request, as it was sent */
export function twoWayCall(method: string | undefined, target: string | undefined): TwoWayCall | null {
  const [path = '', search = ''] = (target ?? '').split('?', 2);
  const [, noun = '', id = '', verb = ''] = /^(?:\/v\d+\.\d+)?\/(containers|exec)\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
  if (method !== 'POST') return null;
  const query = new URLSearchParams(search);
  if (noun === 'containers' && verb === 'attach') return { kind: 'attach', container: id, query };
  if (noun !== 'exec') return null;
  if (verb === 'start') return { kind: 'start', exec: id };
  const [columns, rows] = [Number(query.get('w')), Number(query.get('h'))];
  return verb === 'resize' ? { kind: 'resize', exec: id, columns, rows } : null;
}
