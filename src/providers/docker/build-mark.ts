/**
 * The label that opens every stage of a build. The Engine looks for cached steps among all images that it has, whoever made
 * them: a step that follows a label of its own tenant is never found by another. It is also how leftovers of builds are found.
 * Tenants do not see it: what they get is a copy without it (image-copies.ts).
 */
import { sha256 } from '../../domain/clock.ts';
import { buildLabel } from './labels.ts';

const installPart = (installId: string) => sha256(installId).slice(0, 12);

/** The same for all builds of a tenant, and for nobody else's. */
export function buildMark(installId: string, tenantId: string): string {
  return `${installPart(installId)}.${sha256(`${installId} ${tenantId}`).slice(0, 32)}`;
}

/** Whether the mark is of this installation. */
export function isOurMark(installId: string, mark: string | undefined): boolean {
  return mark?.startsWith(`${installPart(installId)}.`) ?? false;
}

/** Whether a step of an image's history made the label. */
export function isBuildMark(createdBy: string): boolean {
  return createdBy.includes(`LABEL ${buildLabel}=`);
}

/** One instruction a line. */
export function markStages(dockerfile: string, mark: string): string {
  return dockerfile.replace(/^FROM .*$/gm, (from) => `${from}\nLABEL ${buildLabel}=${mark}`);
}
