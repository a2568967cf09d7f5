/** Whether the browser keeps what is stored when room is short. One that cannot say may throw things away. */
export async function isKept(): Promise<boolean> {
  // Not there where the page is no secure context.
  const storage = navigator.storage as StorageManager | undefined;
  return (await storage?.persisted().catch(() => false)) ?? false;
}
