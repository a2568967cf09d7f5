/** Linux's `st_mode` types, and the bits that Go's os.FileMode has for them (go, io/fs/fs.go). */
const typeMask = 0o170000;
const goTypes = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);
const setuid = 2 ** 23;
const setgid = 2 ** 22;
const sticky = 2 ** 20;

/** A mode of Linux as Docker's clients read it: Go's bits, which are others for all but the permissions. */
export function goFileMode(mode: number): number {
  return (
    (mode & 0o777) +
    (goTypes.get(mode & typeMask) ?? 0) +
    (mode & 0o4000 ? setuid : 0) +
    (mode & 0o2000 ? setgid : 0) +
    (mode & 0o1000 ? sticky : 0)
  );
}
