/** What a Dockerfile may have; beyond that it is refused. */
export const dockerfileLimits = {
  /** Characters of the whole file. */
  text: 2 * 1024 * 1024,
  /** Characters of one line: what BuildKit's scanner takes. */
  line: 65_535,
  instructions: 10_000,
  /** Characters that one text may expand to: `ENV A=$A$A` doubles with each line. */
  expanded: 1024 * 1024,
  /** `${a:-${b:-…}}` in each other. */
  nesting: 100,
} as const;
