import type { EngineApi } from '../../api/engine-api';
import type { TerminalSize } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { dockerShell } from '../../cli/docker/docker-shell';
import { LabFiles } from '../../cli/lab/lab-files';
import { labShell } from '../../cli/lab/lab-shell';
import { builtins } from '../../cli/shell/builtins/builtins';
import { createShellState } from '../../cli/shell/shell';
import { historyLimit, TerminalSession } from '../../cli/shell/terminal-session';
import { pageFolder } from '../../engine/folders/page-folder';
import type { PageLab } from '../page-lab';
import type { Settings } from '../settings';
import { InterruptedLines } from './interrupted-lines';
import { interruptedMessage } from './interrupted-message';
import type { LabShell } from './lab-shell-source';

export interface LabShellOptions {
  readonly lab: PageLab;
  readonly settings: Settings;
  readonly clock: Clock;
  /** The container engine, once somebody asks it something. */
  readonly engine: () => Promise<EngineApi>;
  readonly greeting: string;
}

/** Where the shell begins: the folder that the page shows, and machines have at `/shared`; made when it is first wanted. */
const home = pageFolder;

const historySetting = 'shell-history';

/** As a terminal that hangs up ends what runs in it: 128 and SIGHUP. */
const hangupCode = 129;

/** One for all shells of a page. */
const interruptedLines = new WeakMap<Settings, InterruptedLines>();

/** A shell over the lab: its machines, networks and shared folders. Its history is kept with the page's settings. */
export async function openLabShell(
  { lab, settings, clock, engine, greeting }: LabShellOptions,
  show: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  size: TerminalSize,
): Promise<LabShell> {
  const folders = await lab.folders();
  if (!(await folders.list()).some(({ name }) => name === home)) await folders.create(home);
  const files = new LabFiles(folders);
  const api: EngineApi = { fetch: async (request, connection) => (await engine()).fetch(request, connection) };
  const shell = createShellState([...builtins, dockerShell(api, clock), ...labShell(lab, clock)], clock, {
    folder: `/${home}`,
    history: keptHistory(settings),
  });
  const lines = interruptedLines.get(settings) ?? new InterruptedLines(settings);
  interruptedLines.set(settings, lines);
  const interrupted = lines.take();
  if (interrupted.length > 0) shell.code = hangupCode;
  const session = new TerminalSession({
    shell,
    files,
    size,
    show,
    greeting: greeting + interrupted.map(interruptedMessage).join(''),
    running: (line) => lines.begin(line),
    // Another shell may have kept lines meanwhile.
    onLine: (line) => settings.keep(historySetting, [...keptHistory(settings), line].slice(-historyLimit)),
  });
  return {
    ended: session.run(),
    type: (bytes) => session.type(bytes),
    resize: (next) => session.resize(next),
    dispose() {
      session.dispose();
      files.dispose();
    },
  };
}

function keptHistory(settings: Settings): readonly string[] {
  const kept = settings.recall(historySetting);
  return Array.isArray(kept) ? kept.filter((line): line is string => typeof line === 'string') : [];
}
