/** The deadline of one short call to the provider. It outlives its request: what was accepted is also carried out. */
import type { CallOptions } from '../providers/provider.ts';

const CALL_SECONDS = 20;

/** @param mayAct see CallOptions */
export const callOptions = (mayAct?: () => boolean): CallOptions => {
  const signal = AbortSignal.timeout(CALL_SECONDS * 1000);
  return mayAct ? { signal, mayAct } : { signal };
};
