import type { SignatureDemand, SignaturePolicy, SignatureRule } from '../../api/distribution';
import { SandboxError } from '../../base/errors';
import { readList, readRecord, readString } from '../../formats/oci-parse';
import type { Reference } from '../../formats/reference';
import { importVerifyingKey } from './signing-key';

const demands: readonly SignatureDemand[] = ['accept', 'warn', 'require'];
const ruleLimit = 100;
const keyLimit = 20;

/** Letters, digits and what names of registries and repositories have besides, and a star at the end. */
const patternForm = /^(?:\*|[a-zA-Z0-9][a-zA-Z0-9._:/[\]-]{0,300}\*?)$/;

/** The rule for an image: the longest pattern that fits its name. */
export function ruleFor({ rules }: SignaturePolicy, { registry, repository }: Reference): SignatureRule | undefined {
  const name = `${registry}/${repository}`;
  const fits = ({ pattern }: SignatureRule): boolean =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name || pattern === registry;
  return rules.filter(fits).sort((a, b) => b.pattern.length - a.pattern.length)[0];
}

/**
 * A policy from a record or from a person. `InvalidArgument` names the rule that cannot be kept: a pattern that is none, a
 * demand without a key, a key that cannot be read.
 */
export async function parseSignaturePolicy(value: unknown): Promise<SignaturePolicy> {
  const rules = readList(readRecord(value, 'policy')['rules'], 'policy.rules', readRule);
  if (rules.length > ruleLimit) throw invalid(`at most ${ruleLimit} rules, not ${rules.length}`);
  const patterns = new Set<string>();
  for (const { pattern, demand, keys } of rules) {
    if (!patternForm.test(pattern)) {
      throw invalid(
        `"${pattern.slice(0, 80)}" is no pattern; name "docker.io/library/busybox", "registry.example.org" or "docker.io/strata/*"`,
      );
    }
    if (patterns.has(pattern)) throw invalid(`"${pattern}" has two rules`);
    patterns.add(pattern);
    if (demand !== 'accept' && keys.length === 0) throw invalid(`the rule for "${pattern}" needs a public key`);
    if (keys.length > keyLimit) throw invalid(`the rule for "${pattern}" has more than ${keyLimit} keys`);
    for (const key of keys) await importVerifyingKey(key);
  }
  return { rules };
}

function readRule(value: unknown, path: string): SignatureRule {
  const fields = readRecord(value, path);
  const said = readString(fields['demand'], `${path}.demand`);
  const demand = demands.find((each) => each === said);
  if (!demand) throw invalid(`"${said.slice(0, 80)}" is no demand; it is accept, warn or require`);
  return {
    pattern: readString(fields['pattern'], `${path}.pattern`),
    demand,
    keys: readList(fields['keys'] ?? [], `${path}.keys`, readString),
  };
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a signature policy: ${what}`);
}
