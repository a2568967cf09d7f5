import type { JSHandle, Page } from 'playwright-core';
import type { Lab } from '../src/engine/lab';
import { openPage, type StrataPage } from '../test/support/page-fleet';

/** When a container began and when all was over, milliseconds from the wish for it. */
export interface RunTimes {
  /** The host has said that its process runs. */
  readonly startedMs: number;
  readonly ms: number;
}

/** What runs in the page, so that nothing but the page is measured. It asks the Engine API what docker's client asks. */
export interface PageEngine {
  readonly lab: Lab;
  /** `docker pull`. */
  pull(image: string): Promise<void>;
  /** Resolves when the host of that id is ready for containers. */
  hostReady(id: string): Promise<void>;
  /** Resolves when the host of that id is warmed up. */
  hostWarm(id: string): Promise<void>;
  /** `docker run --rm busybox …`; throws unless it ends with 0. */
  run(command: readonly string[]): Promise<RunTimes>;
  /** `docker run -d busybox …`; its id. */
  runDetached(command: readonly string[], host?: string): Promise<string>;
  /** `docker exec`: milliseconds and what it printed; throws unless it ends with 0. */
  exec(container: string, command: readonly string[]): Promise<{ readonly ms: number; readonly text: string }>;
  /** Address on the default network. */
  addressOf(container: string): Promise<string>;
  /** Milliseconds and rows of `docker ps`. */
  list(): Promise<{ readonly ms: number; readonly count: number }>;
  /** Bytes that a follower of the log got, and milliseconds from the first to the last of them. */
  follow(container: string): Promise<{ readonly bytes: number; readonly ms: number }>;
  remove(containers: readonly string[]): Promise<void>;
  /** `docker build`; the context is a tar in base64. */
  build(context: string): Promise<BuildTimes>;
}

export interface BuildTimes {
  readonly ms: number;
  /** From the beginning of each step that was known already to its answer, milliseconds. */
  readonly cachedMs: readonly number[];
  /** Steps that were done. */
  readonly done: readonly string[];
}

/** Opens the page, and asks its engine from inside. */
export async function openPageEngine(page: Page, url: string): Promise<JSHandle<PageEngine>> {
  await openPage(page, url);
  return page.evaluateHandle((): PageEngine => {
    const { lab, engine } = (globalThis as unknown as StrataPage).strata;
    const ask = async (method: string, path: string, body?: BodyInit | object): Promise<Response> => {
      const sent = body === undefined ? {} : { body: body instanceof Blob ? body : new Blob([JSON.stringify(body)]) };
      const headers = { 'content-type': body instanceof Blob ? 'application/x-tar' : 'application/json' };
      const request = new Request(`http://engine/v1.47${path}`, { method, headers, ...sent });
      const response = await engine.fetch(request);
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response;
    };
    const json = async <T>(...asked: Parameters<typeof ask>): Promise<T> => (await ask(...asked)).json() as Promise<T>;
    const create = (command: readonly string[], more: object) =>
      json<{ Id: string }>('POST', '/containers/create', { Image: 'busybox', Cmd: command, ...more });
    const started = async (id: string): Promise<number> => {
      const containers = await lab.containers();
      return new Promise((resolve) => {
        const follow = (hosts: typeof containers.hosts.hosts): void => {
          for (const host of hosts)
            host.news((news) => news.kind === 'started' && news.id === id && resolve(performance.now()));
        };
        follow(containers.hosts.hosts);
        containers.hosts.changed(follow);
      });
    };
    /** The payload of frames of 8 bytes and their content. */
    const payload = (bytes: Uint8Array): string => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let text = '';
      for (let at = 0; at < bytes.length; ) {
        const length = view.getUint32(at + 4);
        text += new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + length));
        at += 8 + length;
      }
      return text;
    };
    return {
      lab,
      async pull(image) {
        const text = await (await ask('POST', `/images/create?fromImage=${image}&tag=latest`)).text();
        if (text.includes('"error"')) throw new Error(text);
      },
      async hostReady(id) {
        const { hosts } = await lab.containers();
        await new Promise<void>((resolve) => {
          const check = (): void => {
            if (hosts.hosts.some(({ instance }) => instance === id)) resolve();
          };
          hosts.changed(check);
          check();
        });
      },
      async hostWarm(id) {
        const { hosts } = await lab.containers();
        await hosts.hosts.find(({ instance }) => instance === id)?.warm;
      },
      async run(command) {
        const begun = performance.now();
        const { Id: id } = await create(command, {
          AttachStdout: true,
          AttachStderr: true,
          HostConfig: { AutoRemove: true },
        });
        const output = (await ask('POST', `/containers/${id}/attach?stream=1&stdout=1&stderr=1`)).arrayBuffer();
        const over = json<{ StatusCode: number }>('POST', `/containers/${id}/wait?condition=removed`);
        const runs = started(id);
        await ask('POST', `/containers/${id}/start`);
        const [, { StatusCode: code }, at] = await Promise.all([output, over, runs]);
        if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
        return { startedMs: at - begun, ms: performance.now() - begun };
      },
      async runDetached(command, host) {
        const labels = host === undefined ? {} : { Labels: { 'org.strata.host': host } };
        const { Id: id } = await create(command, { ...labels, StopSignal: 'SIGKILL' });
        await ask('POST', `/containers/${id}/start`);
        return id;
      },
      async exec(container, command) {
        const begun = performance.now();
        const attached = { AttachStdout: true, AttachStderr: true };
        const { Id: id } = await json<{ Id: string }>('POST', `/containers/${container}/exec`, {
          ...attached,
          Cmd: command,
        });
        const output = await (await ask('POST', `/exec/${id}/start`, { Detach: false, Tty: false })).arrayBuffer();
        const { ExitCode: code } = await json<{ ExitCode: number }>('GET', `/exec/${id}/json`);
        const ms = performance.now() - begun;
        const text = payload(new Uint8Array(output));
        if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${text}`);
        return { ms, text };
      },
      async addressOf(container) {
        const { NetworkSettings } = await json<{
          NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
        }>('GET', `/containers/${container}/json`);
        return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
      },
      async list() {
        const begun = performance.now();
        const listed = await json<unknown[]>('GET', '/containers/json');
        return { ms: performance.now() - begun, count: listed.length };
      },
      async follow(container) {
        const { body } = await ask('GET', `/containers/${container}/logs?follow=1&stdout=1`);
        const reader = body?.getReader();
        let [bytes, first, last] = [0, 0, 0];
        // Heads of frames are no payload: 8 bytes each, wherever a chunk is cut.
        let [left, head] = [0, new Uint8Array(0)];
        for (;;) {
          const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
          if (done || !value) break;
          last = performance.now();
          if (first === 0) first = last;
          for (let at = 0; at < value.length; ) {
            if (left === 0) {
              const more = value.subarray(at, at + 8 - head.length);
              head = Uint8Array.of(...head, ...more);
              at += more.length;
              if (head.length < 8) break;
              left = new DataView(head.buffer).getUint32(4);
              head = new Uint8Array(0);
            } else {
              const taken = Math.min(left, value.length - at);
              bytes += taken;
              left -= taken;
              at += taken;
            }
          }
        }
        return { bytes, ms: last - first };
      },
      async remove(containers) {
        for (const id of containers) await ask('DELETE', `/containers/${id}?force=1`);
      },
      async build(context) {
        const tar = new Blob([Uint8Array.from(atob(context), (byte) => byte.charCodeAt(0))]);
        const begun = performance.now();
        const { body } = await ask('POST', '/build?t=bench', tar);
        const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
        const cachedMs: number[] = [];
        const done: string[] = [];
        let [step, stepAt, rest] = ['', begun, ''];
        for (;;) {
          const { value, done: over } = (await reader?.read()) ?? { value: undefined, done: true };
          if (over || value === undefined) break;
          const lines = (rest + value).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines.filter((each) => each.trim() !== '')) {
            const { stream = '', error } = JSON.parse(line) as { stream?: string; error?: string };
            if (error) throw new Error(error);
            if (stream.startsWith('Step ')) {
              if (step !== '') done.push(step);
              [step, stepAt] = [stream.trim(), performance.now()];
            } else if (stream.includes('Using cache')) {
              cachedMs.push(performance.now() - stepAt);
              step = '';
            }
          }
        }
        if (step !== '') done.push(step);
        return { ms: performance.now() - begun, cachedMs, done };
      },
    };
  });
}
