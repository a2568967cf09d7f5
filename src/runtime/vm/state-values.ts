import { SandboxError } from '../../base/errors';

/**
 * The values of a saved state as JSON beside a list of buffers, as v86 writes them (src/state.js): arrays and
 * plain values as they are, devices as the array that their `get_state` gives, typed arrays and maps tagged.
 * Ours adds plain objects.
 */

const arrays = { Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array };
type ArrayName = keyof typeof arrays;

interface Tagged {
  readonly __state_type__: ArrayName | 'Map' | 'Object';
  readonly args?: readonly (readonly [unknown, unknown])[];
  readonly buffer_id?: number;
}

/** A typed array, or v86's proxy of one: `instanceof` does not know those. */
interface ArrayLike {
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly length: number;
  readonly constructor: { readonly name: string };
}

/** Bytes of one buffer: a part of a larger one. */
export interface BufferPlace {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/** A value for JSON. Typed arrays go to `buffers` as views: what they show is not copied. */
export function serializeValue(value: unknown, buffers: Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Array.from(value, (each) => serializeValue(each, buffers));
  if (value instanceof Map) return tagEntries('Map', [...value.entries()], buffers);
  // Read, not asked for by `in`, which the proxies do not know either.
  if ((value as Partial<ArrayLike>).BYTES_PER_ELEMENT) return serializeArray(value as ArrayLike, buffers);
  if ('get_state' in value && typeof value.get_state === 'function') {
    return serializeValue(value.get_state(), buffers);
  }
  return tagEntries('Object', Object.entries(value), buffers);
}

/** The other half of {@link serializeValue}. `DataLoss` for what it cannot have written. */
export function parseValue(value: unknown, bufferOf: (id: number) => BufferPlace): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => parseValue(each, bufferOf));
  const { __state_type__: type, args, buffer_id: id } = value as Tagged;
  if (type === 'Map') return new Map(parseEntries(args, bufferOf));
  if (type === 'Object') return Object.fromEntries(parseEntries(args, bufferOf));
  const TypedArray = Object.hasOwn(arrays, type) ? arrays[type] : undefined;
  if (!TypedArray || typeof id !== 'number') throw unknownType(type);
  const { buffer, offset, length } = bufferOf(id);
  const elements = length / TypedArray.BYTES_PER_ELEMENT;
  if (!Number.isInteger(elements) || offset % TypedArray.BYTES_PER_ELEMENT !== 0) throw unknownType(type);
  return new TypedArray(buffer, offset, elements);
}

function serializeArray(array: ArrayLike, buffers: Uint8Array[]): Tagged {
  const { buffer, byteOffset, length, BYTES_PER_ELEMENT } = array;
  buffers.push(new Uint8Array(buffer, byteOffset, length * BYTES_PER_ELEMENT));
  return { __state_type__: array.constructor.name.replace('bound ', '') as ArrayName, buffer_id: buffers.length - 1 };
}

function tagEntries(
  type: 'Map' | 'Object',
  entries: readonly (readonly [unknown, unknown])[],
  buffers: Uint8Array[],
): Tagged {
  const args = entries.map(
    ([key, each]) => [serializeValue(key, buffers), serializeValue(each, buffers)] as [unknown, unknown],
  );
  return { __state_type__: type, args };
}

function parseEntries(args: Tagged['args'], bufferOf: (id: number) => BufferPlace): [string, unknown][] {
  return (args ?? []).map(([key, each]) => [parseValue(key, bufferOf) as string, parseValue(each, bufferOf)]);
}

function unknownType(type: unknown): SandboxError {
  return new SandboxError('DataLoss', `A saved state is damaged: it has a value of an unknown type ${String(type)}`);
}
