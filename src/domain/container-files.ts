/** What a tenant may learn of the files of a container without opening one. Types only. */

/** What is at a path. */
export interface PathStat {
  name: string;
  sizeBytes: number;
  /** Go's FileMode: permissions, and the kind in the high bits (1 << 31 directory, 1 << 27 symbolic link …). */
  mode: number;
  modifiedAt: Date;
  /** Of a symbolic link: where it leads, as seen in the container. */
  linkTarget: string;
}

/** A path whose content is another than in the image. */
export interface PathChange {
  path: string;
  kind: 'modified' | 'added' | 'deleted';
}

export interface ContainerSizes {
  /** What it wrote or changed, and that together with its image. */
  writableBytes: number;
  rootBytes: number;
}
