/** The deadline of one short call to the provider. It outlives its request: what was accepted is also carried out. */
import type { CallOptions } from '../providers/provider.ts';

const CALL_SECONDS = 20;

export const callOptions = (): CallOptions => ({ signal: AbortSignal.timeout(CALL_SECONDS * 1000) });
