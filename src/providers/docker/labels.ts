/** The marks by which this installation finds its own objects again. Nothing is ever authorised by them. */

const installLabel = 'longshore.install';
export const tenantLabel = 'longshore.tenant';
const containerLabel = 'longshore.container';
const incarnationLabel = 'longshore.incarnation';
/** On what the Engine builds, for as long as it is not a tenant's. */
export const buildLabel = 'longshore.build';

const own = [installLabel, tenantLabel, containerLabel, incarnationLabel, buildLabel];
export const isOwnLabel = (name: string): boolean => own.includes(name);

export interface Mark {
  installId: string;
  tenantId: string;
  containerId?: string;
  incarnation?: number;
}

type Labels = Record<string, string>;

/** To be spread last, over whatever a tenant or an image wrote. */
export function markLabels(mark: Mark): Labels {
  return {
    [installLabel]: mark.installId,
    [tenantLabel]: mark.tenantId,
    ...(mark.containerId !== undefined && { [containerLabel]: mark.containerId }),
    ...(mark.incarnation !== undefined && { [incarnationLabel]: String(mark.incarnation) }),
  };
}

/** Whether an object that has our key is the very one that the mark describes. */
export function carriesMark(labels: Labels | null | undefined, mark: Mark): boolean {
  return Object.entries(markLabels(mark)).every(([name, value]) => labels?.[name] === value);
}

/** Whether any installation of Longshore made it. */
export function hasMark(labels: Labels | null | undefined): boolean {
  return labels?.[installLabel] !== undefined;
}

export function readMark(labels: Labels | null | undefined): {
  tenantId: string;
  containerId: string | null;
  incarnation: number | null;
} {
  const incarnation = Number(labels?.[incarnationLabel] ?? Number.NaN);
  return {
    tenantId: labels?.[tenantLabel] ?? '',
    containerId: labels?.[containerLabel] ?? null,
    incarnation: Number.isInteger(incarnation) ? incarnation : null,
  };
}

/** A `filters` query that finds what carries this installation's mark, and whatever else is asked for. */
export function ownedBy(installId: string, filters: Record<string, string[]> = {}): { filters: string } {
  return { filters: JSON.stringify({ ...filters, label: [`${installLabel}=${installId}`, ...(filters.label ?? [])] }) };
}
