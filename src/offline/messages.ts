/** What the page tells a new version of the worker: begin now, the page that asks is the only one. */
export interface ToServiceWorker {
  readonly kind: 'begin';
}
