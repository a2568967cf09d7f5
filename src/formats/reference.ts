import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import { isDigest } from './digest';

/**
 * The name of an image as docker understands it (github.com/distribution/reference): `busybox` is short for
 * `docker.io/library/busybox:latest`. A name has a tag, a digest, or both.
 */
export interface Reference {
  /** With its port where it has one: `localhost:5000`. */
  readonly registry: string;
  /** `library/busybox` */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultRegistry = 'docker.io';
/** What docker.io was called before; a name with it is the same name. */
const legacyRegistry = 'index.docker.io';
const officialFolder = 'library/';
const defaultTag = 'latest';

/** Characters of a repository, as in distribution/reference. */
const repositoryLimit = 255;
/** A registry's name (DNS: 253), a port, a repository, a tag and a digest fit well. */
const textLimit = 1024;

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const registryPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
/** What looks like the id of an image is not a name. */
const identifierPattern = /^[0-9a-f]{64}$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/**
 * Reads a name as users write it. `InvalidArgument` in docker's words. Without a tag and a digest the tag is `latest`.
 */
export function parseReference(text: string): Reference {
  if (text.length > textLimit) throw invalid(text, 'it is too long');
  const { name, tag, digest } = splitReference(text);
  if (identifierPattern.test(name)) {
    throw new SandboxError(
      'InvalidArgument',
      `Invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const { registry, repository } = splitName(name);
  if (!registryPattern.test(registry)) throw invalid(text, 'the name of the registry is not sound');
  if (repository !== repository.toLowerCase()) {
    throw new SandboxError(
      'InvalidArgument',
      `Invalid reference format: repository name (${shorten(repository)}) must be lowercase`,
    );
  }
  if (!repositoryPattern.test(repository)) throw invalid(text, 'the name of the repository is not sound');
  if (repository.length > repositoryLimit) {
    throw invalid(text, `the name of the repository has more than ${repositoryLimit} characters`);
  }
  if (tag !== undefined && !tagPattern.test(tag))
    throw invalid(text, `the tag ${JSON.stringify(shorten(tag))} is not sound`);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, `the digest ${JSON.stringify(shorten(digest))} is not sha256: and 64 hex digits`);
  }
  const chosen = tag ?? (digest === undefined ? defaultTag : undefined);
  return {
    registry,
    repository,
    ...(chosen !== undefined && { tag: chosen }),
    ...(digest !== undefined && { digest }),
  };
}

/** The whole name: `docker.io/library/busybox:latest`. The other half of {@link parseReference}. */
export function serializeReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${suffixOf(tag, digest)}`;
}

/** The name as docker shows it: `busybox:latest`. It is read back as the same reference. */
export function familiarReference(reference: Reference): string {
  return familiarName(reference) + suffixOf(reference.tag, reference.digest);
}

/** The same without tag and digest: `busybox`. */
export function familiarName({ registry, repository }: Reference): string {
  if (registry !== defaultRegistry) return `${registry}/${repository}`;
  const short = repository.slice(officialFolder.length);
  const isShort = repository.startsWith(officialFolder) && !short.includes('/') && !identifierPattern.test(short);
  return isShort ? short : repository;
}

function suffixOf(tag: string | undefined, digest: string | undefined): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

interface SplitReference {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** A colon before the last slash belongs to a port, not to a tag. */
function splitReference(text: string): SplitReference {
  const at = text.indexOf('@');
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? rest : rest.slice(0, colon),
    ...(colon >= 0 && { tag: rest.slice(colon + 1) }),
    ...(at >= 0 && { digest: text.slice(at + 1) }),
  };
}

/** What stands before the first slash is a registry if it looks like a host: a dot, a colon, a capital, or localhost. */
function splitName(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  const isHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const registry = isHost && first !== legacyRegistry ? first : defaultRegistry;
  const repository = isHost ? name.slice(slash + 1) : name;
  const isShort = registry === defaultRegistry && !repository.includes('/');
  return { registry, repository: isShort ? officialFolder + repository : repository };
}

function invalid(text: string, why: string): SandboxError {
  return new SandboxError('InvalidArgument', `Invalid reference format: ${JSON.stringify(shorten(text))}: ${why}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
