import { compileTemplate, type Template } from './template/run-template';
import { TemplateError } from './template/syntax';

/** Prints objects; what a template could not be carried out for is told beside. */
export type ObjectPrinter = (objects: readonly unknown[]) => {
  readonly text: string;
  readonly problems: readonly string[];
};

/** Objects as `inspect` prints them: JSON with four spaces, `json` in one line, or a template for each. `TemplateError`. */
export function objectPrinter(format: string): ObjectPrinter {
  if (format === '') return (objects) => ({ text: `${JSON.stringify(objects, undefined, 4)}\n`, problems: [] });
  if (format === 'json') return (objects) => ({ text: `${JSON.stringify(objects)}\n`, problems: [] });
  const template = parsed(format);
  return (objects) => {
    const lines: string[] = [];
    const problems: string[] = [];
    for (const each of objects) {
      try {
        lines.push(template(each));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        problems.push(`template parsing error: ${error.message}`);
      }
    }
    return { text: `${lines.join('\n')}\n`, problems };
  };
}

/** One object by a template or as JSON in one line, as `version` and `info` print it. */
export function printObject(object: unknown, format: string): string {
  return `${parsed(format === 'json' ? '{{json .}}' : format)(object)}\n`;
}

function parsed(format: string): Template {
  try {
    return compileTemplate(format.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  } catch (error) {
    if (error instanceof TemplateError) throw new TemplateError(`template parsing error: ${error.message}`);
    throw error;
  }
}
