import wasmUrl from 'v86/build/v86.wasm?url';

let compiled: Promise<WebAssembly.Module> | undefined;

/** The emulator's WebAssembly, fetched and compiled once per page. */
export function compileV86(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compileStreaming(fetch(wasmUrl)).catch((error: unknown) => {
    // A failed download is not remembered: the next start tries again.
    compiled = undefined;
    throw error;
  });
  return compiled;
}
