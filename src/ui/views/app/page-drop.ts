import type { Store } from '../../store';

/** Only what is a file is taken: text that is dragged into a field is the field's. */
export function allowDrop(event: DragEvent): void {
  if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
}

/** A lesson's folder, a module, a tar, a disk or a machine's profile that is dropped anywhere on the page. What is none of these says so itself. */
export function takeDrop(event: DragEvent, store: Store | undefined): void {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  if (store?.ownership.value.state !== 'owner') return;
  const entry = event.dataTransfer?.items[0]?.webkitGetAsEntry();
  void store.parts.intake.get().then((intake) => {
    if (entry?.isDirectory) intake?.lesson(entry as FileSystemDirectoryEntry);
    else intake?.file(file);
  });
}
