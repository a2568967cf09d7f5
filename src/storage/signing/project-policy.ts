import type { SignaturePolicy } from '../../api/distribution';

/**
 * The public half of the key that signs what is published with the page. Its private half lies open in the repository
 * (images/signing): it shows that signatures work, and vouches for nothing. Who publishes a page of their own takes their own.
 */
const projectKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAm0rLXJoNc9WEPjXdgZ0q48C4bkrWQoChVrapzfn4GZI=
-----END PUBLIC KEY-----
`;

/** What is asked of images that come with the page, until somebody says otherwise. */
export const projectPolicy: SignaturePolicy = {
  rules: ['docker.io/library/*', 'docker.io/strata/*'].map((pattern) => ({
    pattern,
    demand: 'warn',
    keys: [projectKey],
  })),
};
