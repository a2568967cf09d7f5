/** What `GET /events` tells. */
export interface EventMessage {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder';
  /** `start`, `die`, `exec_create: ls`, `health_status: healthy` */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  /** Seconds since the epoch, and the same in nanoseconds. */
  readonly time: number;
  readonly timeNano: number;
  /** As old clients want them; of containers and images. */
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
}

/** Docker's filters, by key; what fits one of the values of every key is taken. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export interface EventOptions {
  /** Milliseconds since the epoch: also what was then, as far as it is remembered. */
  readonly since?: number;
  /** The stream ends then; without it, never by itself. */
  readonly until?: number;
  readonly filters?: Filters;
  /** Without what health checks run, which docker tells of like of any exec: `health_status` still comes. */
  readonly withoutHealthChecks?: boolean;
}
