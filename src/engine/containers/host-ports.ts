/** The ports of TCP of the machine beneath, where what containers publish is reached by its programs. */
export interface HostPorts {
  /**
   * Takes it before a container starts, so that who asked for it is told. `FailedPrecondition` in docker's words for one
   * that another program has, or that this one may not have.
   */
  open(port: number): Promise<void>;
  /** Of one that is not open: nothing. */
  close(port: number): void;
}
