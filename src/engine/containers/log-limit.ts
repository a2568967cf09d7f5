import type { HostConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';

/** Without limits of the user's, where docker has none at all: a tab has no disk to fill. */
const usualLimitBytes = 16 * 1024 * 1024;

/** What a log may take, by docker's options `max-size` and `max-file`. `InvalidArgument` in docker's words. */
export function logLimit(config: HostConfig['LogConfig']): number {
  const options = config?.Config ?? {};
  const { 'max-size': size, 'max-file': files, ...others } = options;
  checkMode(options);
  const [unknown] = Object.keys(others).filter((key) => !knownOptions.has(key));
  if (unknown !== undefined) throw invalid(`unknown log opt '${unknown}' for json-file log driver`);
  if (size === undefined || size === '-1') {
    if (files !== undefined && files !== '1') throw invalid('max-file needs a max-size');
    return usualLimitBytes;
  }
  const [, count = '', unit = ''] = /^(\d+)([kmg]?)b?$/i.exec(size) ?? [];
  if (count === '') throw invalid(`invalid size: '${size}'`);
  const bytes = Number(count) * (units[unit.toLowerCase()] ?? 1);
  const number = Number(files ?? '1');
  if (!Number.isInteger(number) || number < 1) throw invalid('max-file cannot be less than 1');
  return Math.max(bytes * number, 1024);
}

/** Nothing that writes into a log here ever waits for it, so both modes are one. */
function checkMode({ mode = '', 'max-buffer-size': buffer }: Readonly<Record<string, string>>): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer === undefined) return;
  if (mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  if (!/^\d+(\.\d+)? ?([kmgt]i?)?b?$/i.test(buffer)) throw invalid(`invalid size: '${buffer}'`);
}

const units: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Those that change only what attributes an entry has, and compression, which the store decides about. */
const knownOptions: ReadonlySet<string> = new Set([
  ...['labels', 'labels-regex', 'env', 'env-regex', 'tag', 'compress'],
  ...['mode', 'max-buffer-size'],
]);

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
