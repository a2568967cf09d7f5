/** Headers as pairs, as they cross a port and are written on a connection. Names are in small letters. */
export function headerList(headers: Headers): readonly (readonly [name: string, value: string])[] {
  const all: [string, string][] = [];
  headers.forEach((value, name) => {
    all.push([name, value]);
  });
  return all;
}
