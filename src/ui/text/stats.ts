/** Words of charts, processes and what an instance has on the network. They come with the views that show them. */
export const statText = {
  now: 'Now',
  mean: 'Mean',
  largest: 'Largest',
  none: '–',
  ago: (seconds: number) => (seconds < 120 ? `${seconds} s ago` : `${seconds / 60} min ago`),
  chart: (what: string, seconds: number, now: string) =>
    `${what} over the last ${seconds < 120 ? `${seconds} seconds` : `${seconds / 60} minutes`}, now ${now}`,
  span: 'Time shown',
  spans: { 60: '1 minute', 600: '10 minutes' },
  off: 'It does not run: start it to see this.',
  cpu: 'CPU',
  memory: 'Memory',
  received: 'Received',
  sent: 'Sent',
  processes: {
    label: (name: string) => `Processes of ${name}`,
    failed: 'The processes could not be listed',
    ended: (code: number) => `ps ended with ${code}`,
    loading: 'One moment',
  },
  network: {
    label: (name: string) => `Network cards of ${name}`,
    columns: {
      nic: 'Card',
      network: 'Network',
      address: 'Address',
      mac: 'MAC',
      link: 'Link',
      received: 'To it',
      sent: 'From it',
      drops: 'Dropped',
    },
    none: 'It has no network card.',
  },
  inspect: (name: string) => `All that is known of ${name}`,
} as const;
