/** What was done to an image that is or was here, for `GET /events` (moby, daemon/containerd/image_events.go). */
export interface ImageEvent {
  readonly action: 'pull' | 'push' | 'tag' | 'untag' | 'delete' | 'load' | 'import' | 'save' | 'prune';
  /** Its digest; of pulls and pushes the name that was asked for, with its tag; of a prune nothing. */
  readonly id: string;
  /** `name`: as docker's clients filter by it; of a prune `reclaimed` alone. */
  readonly attributes: Readonly<Record<string, string>>;
}
