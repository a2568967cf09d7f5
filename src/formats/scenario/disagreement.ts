/** Keys and indices that lead to a value of a document. */
export type Place = readonly (string | number)[];

/** Something that no single part of a document can know, and where it stands. */
export interface Disagreement {
  readonly at: Place;
  readonly message: string;
}
