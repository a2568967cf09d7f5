import type { Lab } from '../../src/engine/lab';

/** Frames that a host's kernel has dropped at the ports of its containers so far, by the reason. */
export async function portDrops(lab: Lab, host: string): Promise<Readonly<Record<string, number>>> {
  const process = await lab.instance(host).exec({ argv: ['/bin/nft', 'list', 'table', 'bridge', 'strata'] });
  const rules = await new Response(process.stdout).text();
  const drops: Record<string, number> = {};
  for (const [, packets, reason = ''] of rules.matchAll(/counter packets (\d+) .* drop comment "([^"]+)"/g)) {
    drops[reason] = (drops[reason] ?? 0) + Number(packets);
  }
  return drops;
}
