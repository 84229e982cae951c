/** What a script of ours packs in a container, as it comes: the head by the session, the rest in pieces through the bucket where it can. */
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { CallOptions, Session } from '../../provider.ts';
import { type ObjectFolder, objectFolder, pieceBytes } from '../object-folder.ts';
import type { Site } from '../site.ts';
import { brokenOff, refuse } from './codes.ts';
import type { ExecTarget } from './exec.ts';
import { openScript } from './one-shot.ts';
import { headBytes, packing, trialText } from './piecewise.ts';
import { type BlockReader, readBlocks } from './tar-blocks.ts';

/** Of a line, which comes from a container and may be anything. */
const mostLineBytes = 32;

/** @param script up to where `producer` can begin; it may end with one of our codes instead */
export interface Packing {
  script: string;
  producer: string;
  path: string;
}

/** Ends with an error when it breaks off, or its signal does. */
export async function openPacking(
  site: Site,
  target: ExecTarget,
  { script, producer, path }: Packing,
  options: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const whole = `${script}\n${packing(producer)}`;
  const session = await openScript(site, target, { script: whole, words: [path], stdin: true }, options);
  const { tenantId } = target;
  const folder = objectFolder(site, { kind: 'transfers', tenantId, id: site.ids.hex64().slice(0, 32) });
  return contentOf(session, folder, path, options);
}

async function* contentOf(
  session: Session,
  folder: ObjectFolder,
  path: string,
  options: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  let isOver = false;
  try {
    const isWhole = yield* said({ session, folder, blocks: readBlocks(standardOutput(session)), options });
    if (!isWhole) session.close();
    const code = await session.exit;
    isOver = true;
    if (options.signal.aborted) throw new AppError('timeout', 'The files were not read in time');
    refuse(code, path);
    if (code !== 0 || !isWhole) throw brokenOff();
  } catch (error) {
    // A session that is over, or an object that the container says it has put.
    throw hasCode(error, 'conflict', 'not_found') && !isOver ? brokenOff(error) : error;
  } finally {
    if (!isOver) session.close();
    await folder.clean();
  }
}

interface Conversation {
  session: Session;
  folder: ObjectFolder;
  blocks: BlockReader;
  options: CallOptions;
}

/** True when the script has said that this was all. */
async function* said(conversation: Conversation): AsyncGenerator<Uint8Array, boolean, void> {
  const { session, folder, blocks, options } = conversation;
  const way = await lineOf(blocks);
  if (way === 'plain') return yield* upTo(blocks, Number.POSITIVE_INFINITY);
  if (way !== 'curl') return false;
  yield* upTo(blocks, headBytes);
  const more = await lineOf(blocks);
  if (more !== 'try') return more === null;
  await hand(session, await folder.urlToPut('trial', trialText.length, options));
  const answer = await lineOf(blocks);
  if (answer === 'no') return yield* upTo(blocks, Number.POSITIVE_INFINITY);
  return answer === 'more' && (yield* pieces(conversation)) && (await lineOf(blocks)) === null;
}

/** While one is read here the container makes the next. */
async function* pieces({ session, folder, blocks, options }: Conversation): AsyncGenerator<Uint8Array, boolean, void> {
  const ask = async (number: number) => hand(session, await folder.urlToPut(String(number), pieceBytes, options));
  await ask(0);
  for (let number = 0; ; number++) {
    const bytes = bytesIn(await lineOf(blocks));
    const after = await lineOf(blocks);
    if (bytes === null || (after !== 'more' && after !== 'end')) return false;
    if (after === 'more') await ask(number + 1);
    yield* cut(folder.get(String(number), pieceBytes, options), bytes);
    await folder.remove(String(number), options);
    if (after === 'end') return true;
  }
}

const hand = (session: Session, url: string): Promise<void> => session.write(Buffer.from(`${url}\n`));

function bytesIn(line: string | null): number | null {
  const [, digits = '0'] = /^put (\d{1,7})$/.exec(line ?? '') ?? [];
  const bytes = Number(digits);
  return bytes > 0 && bytes <= pieceBytes ? bytes : null;
}

/** Null at the end, within a line as well as before it. */
async function lineOf(blocks: BlockReader): Promise<string | null> {
  let text = '';
  for (;;) {
    const byte = await blocks.some(1);
    if (!byte || text.length > mostLineBytes) return byte ? text : null;
    if (byte[0] === 0x0a) return text;
    text += byte.toString('latin1');
  }
}

async function* upTo(blocks: BlockReader, most: number): AsyncGenerator<Uint8Array, true, void> {
  for (let left = most; left > 0; ) {
    const part = await blocks.some(left);
    if (!part) break;
    left -= part.length;
    yield part;
  }
  return true;
}

async function* cut(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void, void> {
  let left = bytes;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* standardOutput(session: Session): AsyncGenerator<Uint8Array, void, void> {
  for await (const { stream, data } of session.output) if (stream === 'stdout') yield data;
}
