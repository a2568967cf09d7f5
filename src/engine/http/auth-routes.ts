import { SandboxError } from '../../base/errors';
import type { Registries } from '../registries';
import { errorResponse } from './error-response';
import { readJsonBody } from './json-body';
import { readRegistryAuth, registryName } from './registry-auth';
import { json } from './responses';
import type { Route } from './route';

/** `docker login`: whether a registry believes who we say we are. The client keeps what it was told, and sends it along. */
export function authRoutes(registries: Registries): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/auth',
      async handle({ request }) {
        const auth = readRegistryAuth(await readJsonBody(request));
        if (!auth) throw new SandboxError('InvalidArgument', 'A login needs a name and a password');
        try {
          await registries.login(registryName(auth.server), auth.credentials, { signal: request.signal });
        } catch (error) {
          const refused = error instanceof SandboxError && error.code === 'FailedPrecondition';
          if (refused) return errorResponse(error, 401);
          throw error;
        }
        return json({ Status: 'Login Succeeded', IdentityToken: '' });
      },
    },
  ];
}
