/** A file under way: its name and its bytes. */
export interface OutgoingFile {
  readonly name: string;
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Saves a stream as a file where people look for downloads. The browser gathers the parts of a Blob outside
 * of the page's memory; there is no other way that works in all of them.
 */
export async function saveFile({ name, stream }: OutgoingFile, onProgress: (bytes: number) => void): Promise<void> {
  const parts: Blob[] = [];
  let total = 0;
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parts.push(new Blob([new Uint8Array(read.value)]));
    total += read.value.length;
    onProgress(total);
  }
  const address = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
