/** What a registry is told of a user. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

/** Logins by registry. They are kept for the page alone and are gone with it: a password is not written down. */
export interface Credentials {
  get(registry: string): RegistryLogin | undefined;
  set(registry: string, login: RegistryLogin): void;
  delete(registry: string): boolean;
}

export function createCredentials(): Credentials {
  return new Map<string, RegistryLogin>();
}
