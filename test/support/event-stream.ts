/** Server-sent events of an answer, one by one. */

export interface ReceivedEvent {
  id: string | null;
  event: string;
  data: unknown;
}

/** Comments are left out. Ends with the answer; `return` closes the connection. */
export async function* eventsOf(response: Response): AsyncGenerator<ReceivedEvent, void> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data === undefined) continue;
      yield { id: field('id') ?? null, event: field('event') ?? 'message', data: JSON.parse(data) };
    }
  }
}

/** The next event, which must be there. */
export async function nextEvent(events: AsyncGenerator<ReceivedEvent, void>): Promise<ReceivedEvent> {
  const { done, value } = await events.next();
  if (done || !value) throw new Error('The event stream ended');
  return value;
}
