/** Documents as lists of words, by their identifiers, in the order in which they came. */
export type Corpus = ReadonlyMap<string, readonly string[]>;

export interface Hit {
  readonly id: string;
  readonly score: number;
}

/**
 * BM25 as Robertson and Zaragoza have it ("The Probabilistic Relevance Framework", 2009) and Lucene computes it: k1 = 1.2,
 * b = 0.75, idf = ln(1 + (N - n + 0.5) / (n + 0.5)); documents without the field do not count. One score a document and
 * word; 0 where it does not have it.
 */
export function bm25(corpus: Corpus, word: string): ReadonlyMap<string, number> {
  const withField = [...corpus.values()].filter(({ length }) => length > 0);
  const average = withField.reduce((sum, { length }) => sum + length, 0) / withField.length;
  const having = withField.filter((words) => words.includes(word)).length;
  const idf = Math.log(1 + (withField.length - having + 0.5) / (having + 0.5));
  return new Map(
    [...corpus].map(([id, words]) => {
      const frequency = words.filter((each) => each === word).length;
      const norm = 1.2 * (1 - 0.75 + (0.75 * words.length) / average);
      return [id, (idf * 2.2 * frequency) / (frequency + norm)];
    }),
  );
}

/** The documents with a score, best first; of equals (as floats), the older one first. */
export function ranked(corpus: Corpus, score: (id: string) => number | undefined): readonly Hit[] {
  return [...corpus.keys()]
    .map((id) => ({ id, score: Math.fround(score(id) ?? Number.NaN) }))
    .filter((hit) => !Number.isNaN(hit.score))
    .sort((a, b) => b.score - a.score);
}
