const reference =
  'Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates';

/** Usage of `--format` where there is no table. */
export const plainFormat = [
  'Format output using a custom template:',
  "'json':             Print in JSON format",
  "'TEMPLATE':         Print output using the given Go template.",
  reference,
].join('\n');

/** Usage of `--format` where a table is the usual. */
export const tableFormat = [
  'Format output using a custom template:',
  "'table':            Print output in table format with column headers (default)",
  "'table TEMPLATE':   Print output in table format using the given Go template",
  "'json':             Print in JSON format",
  "'TEMPLATE':         Print output using the given Go template.",
  reference,
].join('\n');
