import type { InstanceId } from '../api/instance';
import { SandboxError } from '../base/errors';
import type { Fleet } from './fleet';

/** Ports of one instance that can be published; each may have connections of its own. */
const maxPublished = 32;

/** Publishes a TCP port of an instance to the page. `InvalidArgument` for what is no port, `ResourceExhausted`. */
export async function publishPort(fleet: Fleet, id: InstanceId, port: number): Promise<void> {
  const entry = fleet.entry(id);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SandboxError('InvalidArgument', `Not a port: ${port}. Ports are the numbers from 1 to 65535`);
  }
  await fleet.update(entry, ({ ports = [], spec }) => {
    if (ports.includes(port)) return {};
    if (ports.length < maxPublished) return { ports: [...ports, port].sort((a, b) => a - b) };
    const message = `${spec.name} has ${maxPublished} published ports, the most there can be: take one back`;
    throw new SandboxError('ResourceExhausted', message);
  });
}

/** Takes a published port back. */
export async function unpublishPort(fleet: Fleet, id: InstanceId, port: number): Promise<void> {
  await fleet.update(fleet.entry(id), ({ ports = [] }) => ({ ports: ports.filter((each) => each !== port) }));
}
