import { SandboxError } from '../../base/errors';

/** Where docker.io really is. */
const dockerHub = 'https://registry-1.docker.io';

/** Whether a host is this machine, to which plain HTTP is no risk. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * The origin of a registry as references name it. HTTPS, but for registries on this machine, and for the host that the page
 * is from, which is asked in the page's own way.
 */
export function originOfRegistry(registry: string, pageOrigin?: string): string {
  if (registry === 'docker.io') return dockerHub;
  if (pageOrigin !== undefined && new URL(pageOrigin).host === registry) return pageOrigin;
  const host = registry.replace(/:\d+$/, '');
  const address = `${isLoopback(host) ? 'http' : 'https'}://${registry}`;
  if (!URL.canParse(address))
    throw new SandboxError('InvalidArgument', `No such registry can be: ${registry.slice(0, 80)}`);
  return new URL(address).origin;
}
