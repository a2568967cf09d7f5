import type { InstanceSpec } from '../api/instance';
import type { ShareSpec } from '../api/share';

/** What an instance of any kind shares; none but machines do. */
export function sharesOf(spec: InstanceSpec): readonly ShareSpec[] {
  return spec.kind === 'vm' ? (spec.shares ?? []) : [];
}
