import type { EndpointSettings } from '../../../api/container';
import type { ContainerFlags } from './container-flags';

interface Attachment {
  readonly name: string;
  readonly settings: EndpointSettings;
}

export interface Networking {
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

/** Networks that are a mode rather than a network of their own: an endpoint there is not to be set up. */
const modes = /^(default|bridge|host|none|container:.*)$/;

/** `--network`, once or several times, and the flags that belong to the first one. */
export function parseNetworking(flags: ContainerFlags): Networking {
  const attachments = flags.network.map(parseAttachment);
  const own = settingsOf(flags);
  const [first = { name: 'default', settings: {} }, ...others] = attachments;
  if (others.length > 0 && attachments.some(({ name }) => /^(host|none|container:.*)$/.test(name))) {
    throw new Error(`conflicting options: cannot attach both user-defined and non-user-defined network-modes`);
  }
  const all = [{ name: first.name, settings: { ...first.settings, ...own } }, ...others];
  const told = all.filter(({ name, settings }) => !modes.test(name) || Object.keys(settings).length > 0);
  return { mode: first.name, endpoints: Object.fromEntries(told.map(({ name, settings }) => [name, settings])) };
}

function settingsOf(flags: ContainerFlags): EndpointSettings {
  const addresses = {
    ...(flags.ip !== '' && { IPv4Address: flags.ip }),
    ...(flags.ip6 !== '' && { IPv6Address: flags.ip6 }),
    ...(flags['link-local-ip'].length > 0 && { LinkLocalIPs: flags['link-local-ip'] }),
  };
  return {
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(flags['network-alias'].length > 0 && { Aliases: flags['network-alias'] }),
    ...(flags['mac-address'] !== '' && { MacAddress: flags['mac-address'] }),
  };
}

/** A name, or `name=lab,alias=web,ip=10.1.0.9`. */
function parseAttachment(given: string): Attachment {
  if (!given.includes('=')) return { name: given, settings: {} };
  let name = '';
  const aliases: string[] = [];
  const options: Record<string, string> = {};
  const addresses: Record<string, string> = {};
  let mac = '';
  for (const field of given.split(',')) {
    const [key = '', value] = splitOnce(field);
    if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
    if (key === 'name') name = value;
    else if (key === 'alias') aliases.push(value);
    else if (key === 'ip') addresses['IPv4Address'] = value;
    else if (key === 'ip6') addresses['IPv6Address'] = value;
    else if (key === 'mac-address') mac = value;
    else if (key === 'driver-opt') {
      const [option = '', setting = ''] = splitOnce(value);
      options[option] = setting;
    } else throw new Error(`invalid field key ${key}`);
  }
  if (name === '') throw new Error('network name/id is not specified');
  return {
    name,
    settings: {
      ...(aliases.length > 0 && { Aliases: aliases }),
      ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
      ...(mac !== '' && { MacAddress: mac }),
      ...(Object.keys(options).length > 0 && { DriverOpts: options }),
    },
  };
}

function splitOnce(text: string): readonly [string, string?] {
  const at = text.indexOf('=');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
