import type { FileAccess, FileStat } from '../../src/runtime/files/file-access-fixture';
import type { Outcome } from './node-lab';

/** Files through a real guest's kernel, which has them mounted at `below`. */
export function guestFiles(shell: (command: string) => Promise<Outcome>, below: string): FileAccess {
  const run = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await shell(command);
    if (code !== 0) throw new Error(`${command}: ${stderr || code}`);
    return stdout;
  };
  const at = (path: string): string => `'${below}${path === '/' ? '' : path}'`;
  const bytes = async (command: string): Promise<Uint8Array> => Buffer.from(await run(`${command} | base64`), 'base64');
  return {
    async stat(path): Promise<FileStat> {
      const fields = (await run(`stat -c '%f %u %g %h %s %Y %i %t %T' ${at(path)}`)).trim().split(' ');
      const decimal = (index: number): number => Number(fields[index]);
      const hexadecimal = (index: number): number => Number.parseInt(fields[index] ?? '', 16);
      return {
        mode: hexadecimal(0),
        uid: decimal(1),
        gid: decimal(2),
        links: decimal(3),
        size: decimal(4),
        mtime: decimal(5),
        inode: decimal(6),
        major: hexadecimal(7),
        minor: hexadecimal(8),
      };
    },
    // By the shell, since ls looks at every file.
    list: async (path) =>
      (await run(`cd ${at(path)} && printf '%s\\n' .* *`))
        .split('\n')
        .slice(0, -1)
        .filter((name) => name !== '*')
        .sort(),
    read: (path) => bytes(`cat ${at(path)}`),
    readPart: (path, offset, length) =>
      bytes(`dd if=${at(path)} iflag=skip_bytes,count_bytes bs=4096 skip=${offset} count=${length} 2>/dev/null`),
    readLink: async (path) => (await run(`readlink ${at(path)}`)).replace(/\n$/, ''),
    async usage() {
      const [blocks = 0, free = 0] = (await run(`stat -f -c '%b %f' ${at('/')}`)).trim().split(' ').map(Number);
      return { blocks, free };
    },
    async refusal(path) {
      const { stderr } = await shell(`: > ${at(path)}`);
      return stderr.trim().split(': ').at(-1) ?? '';
    },
  };
}
