/** Something that the page's registry has, and that can be kept for when there is no network. */
export interface RegistryOffer {
  /** Its names, as the registry's index has them: `library/busybox:latest`, `strata/kernel:6.1`. */
  readonly references: readonly string[];
  /** Absent for images of containers. */
  readonly artifactType?: string;
  /** Bytes of its layers as they come over the network. */
  readonly size: number;
  /** How many of these are stored already, bytes. */
  readonly stored: number;
}
