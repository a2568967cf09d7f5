import axe from 'axe-core';

/** What axe finds wrong, one line each; empty is good. For tests in a browser. */
export async function axeProblems(context: Element | Document = document): Promise<readonly string[]> {
  const { violations } = await axe.run(context, { resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.flat().join(' ')).join(', ')}`);
}
