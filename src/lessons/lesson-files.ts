/** A lesson has a few files of a few kilobytes; whatever is larger is no lesson. `looked`: files of any kind that a folder may have. */
export const lessonLimits = { files: 128, bytes: 128 * 1024, depth: 4, looked: 10_000 } as const;

/** Files that a lesson can be made of; others (pictures, what an editor leaves) are passed over. */
const read = /\.(md|ya?ml|json|sh|txt)$|^[^.]+$/;

/** Whether a file of a folder, by its path in it, may be one of a lesson. What begins with a dot is a tool's own. */
export function isLessonFile(path: string): boolean {
  const names = path.split('/');
  return (
    names.length <= lessonLimits.depth + 1 &&
    names.every((name) => !name.startsWith('.')) &&
    read.test(names.at(-1) ?? '')
  );
}
