/** The words of a data channel's protocol: its first frame, the handshake, acknowledgements. Pure. */
import type { Clock, Ids } from '../domain/clock.ts';
import { type ChannelMessage, encodeMessage, payloadKind } from './message.ts';

/** Of AWS's own client, whose protocol this is: the agent decides by it what it may send. */
const clientVersion = '1.2.677.0';
const actionStatus = { success: 1, unsupported: 3 } as const;

/** The only frame of text: it opens the channel. */
export function openingFrame(token: string, ids: Ids): string {
  return JSON.stringify({
    MessageSchemaVersion: '1.0',
    RequestId: ids.uuid(),
    TokenValue: token,
    ClientId: ids.uuid(),
    ClientVersion: clientVersion,
  });
}

/** A session can be had, encryption by a key of KMS cannot. */
export function handshakeResponse(request: Record<string, unknown>): { response: Buffer; refused: string[] } {
  const wanted: unknown[] = Array.isArray(request.RequestedClientActions) ? request.RequestedClientActions : [];
  const names = wanted.flatMap((action) =>
    typeof action === 'object' && action !== null && 'ActionType' in action ? [String(action.ActionType)] : [],
  );
  const refused = names.filter((name) => name !== 'SessionType');
  const processed = names.map((name) => {
    const isRefused = name !== 'SessionType';
    return {
      ActionType: name,
      ActionStatus: isRefused ? actionStatus.unsupported : actionStatus.success,
      ActionResult: null,
      Error: isRefused ? `${name} is not supported` : '',
    };
  });
  const answer = { ClientVersion: clientVersion, ProcessedClientActions: processed, Errors: [] };
  return { response: Buffer.from(JSON.stringify(answer)), refused };
}

export function acknowledgement(message: ChannelMessage, { clock, ids }: { clock: Clock; ids: Ids }): Buffer {
  const content = {
    AcknowledgedMessageType: message.type,
    AcknowledgedMessageId: message.id,
    AcknowledgedMessageSequenceNumber: message.sequence,
    IsSequentialMessage: true,
  };
  return encodeMessage({
    ...{ type: 'acknowledge', createdAtMs: clock.now(), sequence: 0, flags: 3, id: ids.uuid() },
    ...{ payloadKind: payloadKind.none, payload: Buffer.from(JSON.stringify(content)) },
  });
}
