import type { RestartPolicy } from '../../../api/container';

const names: readonly RestartPolicy['Name'][] = ['no', 'always', 'unless-stopped', 'on-failure'];

/** `on-failure:3`. What the engine does not know it refuses itself; what is no policy at all is refused here. */
export function parseRestartPolicy(given: string): RestartPolicy {
  const [wanted = '', count, ...more] = given.split(':');
  if (more.length > 0) throw new Error('invalid restart policy format: more than one colon');
  const name = names.find((each) => each === wanted);
  if (!name) throw new Error(`invalid restart policy: unknown policy '${wanted}'; use one of '${names.join("', '")}'`);
  if (count === undefined) return { Name: name };
  if (!/^\d+$/.test(count)) throw new Error('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count) };
}
