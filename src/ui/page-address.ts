/** What an entry of the history says of itself: a dialog is open over the view of the address. */
interface DialogEntry {
  readonly dialog: true;
}

/** In a frame of somebody's page the address and the way back are not this page's. */
const isOurs = (): boolean => window.parent === window;

const entry: DialogEntry = { dialog: true };

/** Whether the page is on its way back over the entry of a dialog, which browsers do in a while. */
let leaving = false;
/** What is to be done once it is there. */
let after: (() => void) | undefined;

/** Makes the address that of the view; the entry of a dialog that led there becomes the view's. */
export function showAddress(hash: string): void {
  if (leaving) after = () => showAddress(hash);
  else if (isDialogEntry(history.state)) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
}

/** The same where the address asked for something that has been answered: nobody comes back to that. */
export function forgetAddress(hash: string): void {
  if (isDialogEntry(history.state)) leaveDialog();
  if (leaving) after = () => forgetAddress(hash);
  else history.replaceState(null, '', location.pathname + hash);
}

/** So that Back closes the dialog, and leads nowhere else. */
export function enterDialog(): void {
  if (!isOurs()) return;
  if (leaving) after = enterDialog;
  else if (!isDialogEntry(history.state)) history.pushState(entry, '');
}

/** Whoever closes the last dialog by other means has not to go back over it. */
export function leaveDialog(): void {
  if (!isOurs() || leaving) return;
  leaving = true;
  window.addEventListener('popstate', arrive, { once: true });
  history.back();
}

function arrive(): void {
  leaving = false;
  const next = after;
  after = undefined;
  // A link was followed meanwhile, and the way back began there.
  if (isDialogEntry(history.state)) history.forward();
  else next?.();
}

export function isDialogEntry(state: unknown): state is DialogEntry {
  return typeof state === 'object' && state !== null && 'dialog' in state;
}
