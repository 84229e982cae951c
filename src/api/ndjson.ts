/** Answers of one JSON document a line, written as they come to be. */

/** A string to the compiler: of the literal, zod-openapi's types would make a route that nothing can answer. */
export const ndjsonType: string = 'application/x-ndjson';

/** Reading stops when the client goes away: the generator's `return` is called. */
export function ndjson(lines: AsyncGenerator<unknown, void, void>): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
    },
    cancel: async () => {
      await lines.return();
    },
  });
  return new Response(body, { headers: { 'content-type': ndjsonType } });
}
