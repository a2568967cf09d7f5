/** What a layer may have; beyond that it is refused. */
export interface LayerLimits {
  /** Files, directories (implied ones too), links and whiteouts. */
  readonly entries: number;
  /** Directories above a file. */
  readonly depth: number;
  /** Bytes of a name, of a path and of a symbolic link's target: NAME_MAX and PATH_MAX of Linux. */
  readonly nameBytes: number;
  readonly pathBytes: number;
  /** Bytes of all names, targets and extended attributes together: they are kept in memory. */
  readonly metadataBytes: number;
  /** Bytes of all files together, holes counted: what a reader of every file would get. */
  readonly fileBytes: number;
}

export const defaultLayerLimits: LayerLimits = {
  entries: 200_000,
  depth: 256,
  nameBytes: 255,
  pathBytes: 4096,
  metadataBytes: 48 * 1024 ** 2,
  fileBytes: 64 * 1024 ** 3,
};
