/** A text as a field has it, whose lines end in `\n`, and what makes of it the bytes of its file. */
export interface EditableText {
  readonly text: string;
  readonly lineBreak: '\n' | '\r\n';
  readonly byteOrderMark: boolean;
}

const mark = '\uFEFF';

/** Undefined for what a field could not give back as it was: not UTF-8, or lines that end in several ways. */
export function parseText(bytes: Uint8Array): EditableText | undefined {
  const decoded = decode(bytes);
  if (decoded === undefined) return undefined;
  const byteOrderMark = decoded.startsWith(mark);
  const content = byteOrderMark ? decoded.slice(mark.length) : decoded;
  if (!content.includes('\r')) return { text: content, lineBreak: '\n', byteOrderMark };
  const text = content.replaceAll('\r\n', '\n');
  const parsed: EditableText = { text, lineBreak: '\r\n', byteOrderMark };
  return !text.includes('\r') && withBreaks(parsed) === content ? parsed : undefined;
}

/** The other half of {@link parseText}. */
export function serializeText(text: EditableText): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode((text.byteOrderMark ? mark : '') + withBreaks(text));
}

function withBreaks({ text, lineBreak }: EditableText): string {
  return text.replaceAll('\n', lineBreak);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
