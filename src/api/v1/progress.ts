/** Work that tells of its progress: line by line to whoever asks for lines, and only its result to others. */
import type { Context } from 'hono';
import type { Environment } from '../environment.ts';
import { asAppError, toProblem } from '../errors.ts';
import { ndjson, ndjsonType } from '../ndjson.ts';

type Steps<Step, Result> = AsyncGenerator<Step, Result, void>;

/** What fails before the first line is a problem with its status; after it, the last line: the status is out by then. */
export async function progressed<Step, Result>(
  c: Context<Environment>,
  steps: Steps<Step, Result>,
  view: (step: Step) => object,
  end: (result: Result) => { line: object; whole: object },
): Promise<Response> {
  const first = await steps.next();
  if (c.req.header('accept')?.includes(ndjsonType)) return ndjson(lines(c, first, steps, view, end));
  let step = first;
  while (!step.done) step = await steps.next();
  return Response.json(end(step.value).whole);
}

async function* lines<Step, Result>(
  c: Context<Environment>,
  first: IteratorResult<Step, Result>,
  steps: Steps<Step, Result>,
  view: (step: Step) => object,
  end: (result: Result) => { line: object; whole: object },
): AsyncGenerator<unknown, void, void> {
  try {
    let step = first;
    for (; !step.done; step = await steps.next()) yield view(step.value);
    yield end(step.value).line;
  } catch (error) {
    const appError = asAppError(error);
    if (appError.code === 'internal') c.get('log')().error({ err: error }, 'work with progress failed');
    yield { error: toProblem(appError, c.get('requestId')).body };
  } finally {
    await steps.return(undefined as never);
  }
}
