/** What `docker run` ends with when a container could not be started (docker's cli, toStatusError). */
export function startFailureCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message)) {
    return 127;
  }
  return /permission denied|is a directory/.test(message) ? 126 : 125;
}
