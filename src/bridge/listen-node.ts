import { chmod, lstat, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { SandboxError } from '../base/errors';
import type { ListenAddress } from './listen-address';

/**
 * Lets a server listen. The address with the port that it got. A socket that a process left behind is taken over;
 * `AlreadyExists` where somebody answers, or something else is there.
 */
export async function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  if (address.kind === 'unix') {
    await clearSocket(address.path);
    await listening(server, { path: address.path });
    // Whoever can speak to the engine can do all that it can.
    await chmod(address.path, 0o600);
    return address;
  }
  await listening(server, { host: address.host, port: address.port });
  return { ...address, port: (server.address() as AddressInfo).port };
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      reject(
        new SandboxError('FailedPrecondition', `Cannot listen at ${Object.values(where).join(':')}: ${cause.message}`),
      );
    };
    server.once('error', failed);
    server.listen(where, () => {
      server.removeListener('error', failed);
      resolve();
    });
  });
}

async function clearSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket())
    throw new SandboxError('AlreadyExists', `Cannot listen at ${path}: there is a file that is no socket`);
  if (await answers(path)) throw new SandboxError('AlreadyExists', `Cannot listen at ${path}: somebody else does`);
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
