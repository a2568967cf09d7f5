/** Where somebody put something in the picture of the lab: its upper left corner, in the picture's own pixels. */
export interface LayoutPoint {
  readonly x: number;
  readonly y: number;
}

/** Places by what was placed: an instance's id, `network/<name>`, `gateway/<network>`. */
export type Layout = Readonly<Record<string, LayoutPoint>>;
