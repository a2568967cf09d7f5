import { SandboxError } from '../../base/errors';

/** What stands after the question mark, read as moby reads it (api/server/httputils/form.go). */
export class Query {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** Absent and empty are the same. */
  text(name: string): string | undefined {
    return this.#values.get(name) || undefined;
  }

  /** All that was given by that name, each a list by itself where commas are allowed. */
  texts(name: string): readonly string[] {
    return this.#values.getAll(name).filter((value) => value !== '');
  }

  /** `InvalidArgument` when it is missing. */
  need(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new SandboxError('InvalidArgument', `missing parameter: ${name}`);
    return value;
  }

  flag(name: string, usual = false): boolean {
    const value = this.#values.get(name)?.trim().toLowerCase();
    if (value === undefined) return usual;
    return !['', '0', 'no', 'false', 'none'].includes(value);
  }

  /** `InvalidArgument` for what is no whole number. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^[+-]?\d{1,15}$/.test(value)) {
      throw new SandboxError('InvalidArgument', `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
    return Number(value);
  }
}
