/** A real Chromium without a window, spoken to in the DevTools protocol over its pipe, so no port and no package is needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Quiet, offline and self-contained: it asks nobody anything on its own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
];

type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly script?: boolean;
}

export interface Tab {
  /** What an expression in the page comes to; it must be JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** The names that a screen reader hears, of all nodes of this role. */
  accessibleNames(role: string): Promise<string[]>;
  /** PNG of the whole page, or of its top. */
  screenshot(height?: number): Promise<Buffer>;
  /** PDF, as printed. */
  pdf(): Promise<Buffer>;
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: readonly string[];
  /** Addresses that the page asked for, its own first. */
  readonly requests: readonly string[];
}

export interface Browser extends AsyncDisposable {
  open(address: string, view: View): Promise<Tab>;
}

export async function startChromium(environment: Readonly<Record<string, string>> = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const child = spawn('chromium', [...FLAGS, `--user-data-dir=${profile}`], {
    env: { ...process.env, HOME: profile, ...environment },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const protocol = connect(child.stdio[3] as Writable, child.stdio[4] as Readable);
  void ended.then(() => protocol.close());

  return {
    open: (address, view) => openTab(protocol, address, view),
    async [Symbol.asyncDispose]() {
      await protocol.send('Browser.close').catch(() => child.kill('SIGKILL'));
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Protocol = ReturnType<typeof connect>;

/** Messages are JSON, each ended by a zero byte. */
function connect(input: Writable, output: Readable) {
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  let count = 0;
  let rest = '';
  let open = true;
  // A browser that died tells so by its end, not by the pipe.
  input.on('error', () => {});
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const message: Message = JSON.parse(text);
      if (message.id === undefined) for (const listen of listeners) listen(message);
      else waiting.get(message.id)?.(message);
    }
  });

  return {
    listen: (listener: (message: Message) => void) => void listeners.add(listener),
    close() {
      open = false;
      for (const answer of waiting.values()) answer({ error: { message: 'the browser has ended' } });
    },
    async send(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
      if (!open) throw new Error(`${method}: the browser has ended`);
      const id = ++count;
      const { promise, resolve } = Promise.withResolvers<Message>();
      waiting.set(id, resolve);
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
      const { error, result = {} } = await promise;
      waiting.delete(id);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result;
    },
  };
}

async function openTab(protocol: Protocol, address: string, view: View): Promise<Tab> {
  const { width, height = 900, scheme = 'light', script = true } = view;
  const { targetId } = await protocol.send('Target.createTarget', { url: 'about:blank' });
  const attached = await protocol.send('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = String(attached['sessionId']);
  const send = (method: string, params: Fields = {}) => protocol.send(method, params, sessionId);
  const complaints: string[] = [];
  const requests: string[] = [];
  const loaded = Promise.withResolvers<void>();
  protocol.listen((message) => {
    if (message.sessionId !== sessionId) return;
    const params = message.params ?? {};
    if (message.method === 'Page.loadEventFired') loaded.resolve();
    if (message.method === 'Network.requestWillBeSent')
      requests.push((params['request'] as { readonly url: string }).url);
    if (
      ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'].includes(message.method ?? '')
    )
      complaints.push(JSON.stringify(params));
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Accessibility']) await send(`${domain}.enable`);
  const size = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
  await send('Emulation.setDeviceMetricsOverride', size);
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: scheme }],
  });
  await send('Emulation.setScriptExecutionDisabled', { value: !script });
  await send('Page.navigate', { url: address });
  await loaded.promise;

  return {
    complaints,
    requests,
    async evaluate<Value>(expression: string): Promise<Value> {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { readonly value: Value }).value;
    },
    async accessibleNames(role) {
      const { nodes } = await send('Accessibility.getFullAXTree');
      return (nodes as readonly AccessibilityNode[]).flatMap((node) =>
        !node.ignored && node.role?.value === role ? [node.name?.value ?? ''] : [],
      );
    },
    async screenshot(top) {
      const { cssContentSize } = await send('Page.getLayoutMetrics');
      const whole = (cssContentSize as { readonly height: number }).height;
      const clip = { x: 0, y: 0, width, height: top ?? whole, scale: 1 };
      const { data } = await send('Page.captureScreenshot', { clip, captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    async pdf() {
      const { data } = await send('Page.printToPDF', { printBackground: true });
      return Buffer.from(String(data), 'base64');
    },
  };
}

interface AccessibilityNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
}
