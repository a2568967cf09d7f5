/**
 * What a whole run comes to. A run in which nothing was tested has shown nothing, so it is a failure.
 * @param {{ passed: number, failed: number }} total
 * @returns {{ line: string, exitCode: number }} the last line to print, and the process's exit code
 */
export function conclude({ passed, failed }) {
  const failures = passed + failed === 0 ? 1 : failed;
  return { line: `${passed} passed, ${failures} failed`, exitCode: failures === 0 ? 0 : 1 };
}
