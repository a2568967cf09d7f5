/**
 * Says plainly that Node is too old, and ends. Scripts call it before they import anything else, because an
 * old Node stops at the first name it does not know.
 */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  // Vite 8: 20.19 or newer.
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Strata needs Node 20.19 or newer, this is ${process.versions.node}: install a newer Node`);
  process.exit(1);
}
