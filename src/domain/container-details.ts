/** A container as it is shown next to what it is made of: its image's defaults and its volumes. */
import type { ShownContainer } from './container.ts';
import type { ImageConfig } from './image.ts';

export interface ContainerDetails extends ShownContainer {
  /** Null when the image's record is gone. */
  image: ImageConfig | null;
  /** Of the mounts of type volume, in their order. */
  volumes: ContainerVolume[];
}

export interface ContainerVolume {
  /** Of its mount among those of the spec. */
  position: number;
  name: string;
  anonymous: boolean;
}
