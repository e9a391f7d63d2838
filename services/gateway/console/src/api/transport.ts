// How requests reach the gateway. The scenarios bring a transport of their own; everything above this file is
// the same with and without a back end.

export interface Wanted {
  method: 'GET' | 'POST';
  /** With its query: "/v1/flows?limit=100". */
  path: string;
  body?: unknown;
  signal?: AbortSignal;
}

export interface Answered {
  status: number;
  body: string;
}

export interface StreamHandlers {
  event(offset: number, data: string): void;
  open(): void;
  /** It is tried again by itself. */
  lost(): void;
  /** `{"from", "to"}`: these offsets the journal no longer has. */
  gap(data: string): void;
}

export interface Transport {
  send(wanted: Wanted): Promise<Answered>;
  /** Server-sent events; returns what ends them. */
  stream(path: string, handlers: StreamHandlers): () => void;
}

export class HttpTransport implements Transport {
  /** `base` is where the gateway is, without a slash at the end; empty: where this page came from. */
  constructor(private readonly base = '') {}

  async send(wanted: Wanted): Promise<Answered> {
    const response = await fetch(this.base + wanted.path, {
      method: wanted.method,
      cache: 'no-store',
      headers: wanted.body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: wanted.body === undefined ? null : JSON.stringify(wanted.body),
      signal: wanted.signal ?? null,
    });
    return { status: response.status, body: await response.text() };
  }

  stream(path: string, handlers: StreamHandlers): () => void {
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout>;
    let from: number | undefined;
    const open = () => {
      source = new EventSource(this.base + (from === undefined ? path : startingAt(path, from)));
      source.onopen = () => handlers.open();
      source.onerror = () => {
        handlers.lost();
        // A browser goes on by itself where the connection broke, but gives up where it was refused.
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, reopen_ms);
      };
      source.onmessage = (message: MessageEvent<string>) => {
        const offset = Number(message.lastEventId);
        from = offset + 1;
        handlers.event(offset, message.data);
      };
      source.addEventListener('gap', (message: MessageEvent<string>) => {
        from = Number(message.lastEventId) + 1;
        handlers.gap(message.data);
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }
}

const reopen_ms = 2_000;

export function startingAt(path: string, offset: number): string {
  const [where = '', query] = path.split('?');
  const wanted = new URLSearchParams(query);
  wanted.set('from', String(offset));
  return `${where}?${wanted}`;
}
