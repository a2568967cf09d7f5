/** What docker marks volumes with that nobody has named. */
export const anonymousLabel = 'com.docker.volume.anonymous';
