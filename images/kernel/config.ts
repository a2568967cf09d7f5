/** Lines of a config fragment that say something: `CONFIG_X=value`, comments and blank lines left out. */
export function parseFragment(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('CONFIG_'));
}

/** Lines of the fragment that the configured kernel does not have. An option that is off is not written at all. */
export function missingOptions(fragment: string, config: string): readonly string[] {
  const granted = new Set(parseFragment(config));
  const names = new Set([...granted].map((line) => line.slice(0, line.indexOf('='))));
  return parseFragment(fragment).filter((line) =>
    line.endsWith('=n') ? names.has(line.slice(0, -'=n'.length)) : !granted.has(line),
  );
}
