/** Turns a status into SQL by enumerating the facts that status() looks at: one table decides both. */
import { type SQL, sql } from 'drizzle-orm';
import { type ContainerStatus, desiredStates, phases, type StatusFacts, status } from '../domain/container.ts';
import { json } from './statements.ts';

const bits = [false, true];
const allFacts: StatusFacts[] = desiredStates.flatMap((desired) =>
  phases.flatMap((phase) =>
    bits.flatMap((startDue) => bits.map((restarting) => ({ desired, phase, startDue, restarting, removed: false }))),
  ),
);

/**
 * Matches live containers (alias c, run r) in any of these statuses; `removed` matches nothing, as tombstones are never
 * listed. One text for all of them: the server keeps every one that it was once sent.
 */
export function statusFilter(wanted: readonly ContainerStatus[]): SQL {
  const facts = allFacts
    .filter((candidate) => wanted.includes(status(candidate)))
    .map(({ desired, phase, startDue, restarting }) => `${desired} ${phase} ${startDue} ${restarting}`);
  return sql`concat_ws(' ', c.desired, r.phase, (r.started_seq < c.start_seq)::text, (r.restart_at is not null)::text)
    = any(array(select jsonb_array_elements_text(${json(facts)}::jsonb)))`;
}
