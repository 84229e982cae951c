/**
 * Watches from inside the database that only the holder of the fence writes: who claimed it last is known by the
 * application_name of its connections, and by nothing that a sleeper could believe of itself.
 */
import type { Installation } from './installation.ts';

/** To be installed before anybody claims. */
export async function watchFences({ sql }: Installation): Promise<void> {
  await sql.unsafe(`
    create table chaos_claims (container text primary key, fence bigint not null, writer text not null);
    create table chaos_breaches (what text not null);
    create function chaos_fence() returns trigger language plpgsql security definer as $$
    declare
      writer text := current_setting('application_name');
      holder chaos_claims;
    begin
      if tg_op = 'INSERT' or new.fence > old.fence then
        insert into chaos_claims values (new.id, new.fence, writer)
          on conflict (container) do update set fence = excluded.fence, writer = excluded.writer;
        return null;
      end if;
      if session_user <> 'longshore_reconciler' or to_jsonb(new) - 'next_run_at' = to_jsonb(old) - 'next_run_at' then return null; end if;
      select * into holder from chaos_claims where container = new.id;
      if old.lease_owner is null or holder.fence is distinct from new.fence or holder.writer is distinct from writer then
        insert into chaos_breaches values (format('%s wrote %s under fence %s, which %s holds with %s', writer, left(new.id, 12),
          new.fence, coalesce(holder.writer, 'nobody'), coalesce(holder.fence::text, 'none')));
      end if;
      return null;
    end $$;
    create trigger chaos_fence after insert or update on containers for each row execute function chaos_fence();`);
}

/** Writes by others than the holder since the last call. */
export async function takeBreaches({ sql }: Installation): Promise<string[]> {
  const found = await sql<{ what: string }[]>`delete from chaos_breaches returning what`;
  return found.map(({ what }) => `old fence: ${what}`);
}
