/** How single values are written into a streamed answer: as lines of JSON, or as server-sent events. */

const encoder = new TextEncoder();

export const jsonLine = (value: unknown): Uint8Array => encoder.encode(`${JSON.stringify(value)}\n`);

export interface ServerSentEvent {
  id?: number;
  /** Absent: what an EventSource hands to `onmessage`. */
  event?: string;
  data: unknown;
}

export function serverSentEvent({ id, event, data }: ServerSentEvent): Uint8Array {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`);
  return encoder.encode(`${head}data: ${JSON.stringify(data)}\n\n`);
}

/** Keeps a connection open that has nothing to say; readers skip it. */
export const sseComment = (text: string): Uint8Array => encoder.encode(`: ${text}\n\n`);

/** Encodes each item of a source as it is read. */
export async function* encodeEach<T>(
  source: AsyncIterable<T>,
  encode: (item: T) => Uint8Array,
): AsyncGenerator<Uint8Array, void> {
  for await (const item of source) yield encode(item);
}
