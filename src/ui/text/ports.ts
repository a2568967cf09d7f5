/** Words of published ports and their previews. They come with what shows them. */
export const portText = {
  heading: 'Published ports',
  about: 'What a machine serves on a TCP port is shown here, as any browser would.',
  none: 'No port is published yet. Web servers are mostly on port 80 or 8080.',
  number: 'Port',
  publish: 'Publish',
  published: 'Published ports of',
  show: (port: number) => `Port ${port}`,
  unpublish: (port: number) => `Take port ${port} back`,

  preview: {
    frame: (name: string, port: number) => `What ${name} serves on port ${port}`,
    address: 'Path',
    go: 'Go',
    reload: 'Load again',
    newTab: 'Open in a tab of its own',
    connect: 'Connect by TCP',
    opening: 'Opening the preview…',
    off: (name: string) => `${name} is not running. Start it to see what it serves.`,
    noOrigin:
      'This page shows the guest without an origin of its own. Pages, links, forms, pictures, styles and scripts work; document.cookie, storage, WebSockets, modules, workers and navigation by scripts do not.',
    why: (reason: string) => `Why: ${reason}`,
    noConfig: 'this Strata is served without a second origin for previews (docs/PREVIEW.md says how to give it one)',
    noAnswer: 'the preview origin does not answer; this browser may not reach names under localhost, or may block it',
    alone: 'A page of a machine',
    noAddress: 'This is no address of a preview. Open it in Strata, from the ports of a machine.',
    configUnread: (reason: string) =>
      `This tab could not read where previews are shown (preview.json): ${reason}. See whether the server that Strata came from still runs, then load the tab again.`,
    noTab: 'Previews without an origin of their own stay in this page',
  },
} as const;
