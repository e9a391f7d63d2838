// All that the console asks, by name and type. The only place that sends requests.
//
//   const client = new Client(new HttpTransport());
//   const { flows, next } = await client.flows({ states: ['overdue'], limit: 200 });
//
// Whatever goes wrong comes as an ApiError, whose sentence names what did not answer. Nothing is waited for
// longer than `timeout_ms`.
import { ApiError, problemOf, type Blame } from './problem';
import type { StreamHandlers, Transport } from './transport';
import * as T from './types';

/** Longer than a page of a search takes, and short enough that a hanging gateway is noticed. */
const timeout_ms = 10_000;
/** Events of a flow on one page: the most the tracker gives. */
export const picture_steps_max = 10_000;

export interface FlowQuery {
  states?: string[];
  definition?: string;
  where?: string;
  limit?: number;
  after?: string;
}

export interface LetterQuery {
  service?: string;
  limit?: number;
  after?: number;
  after_service?: string;
}

/** Told of each answer and of each failure, by who was asked: what the banner is made of. */
export interface Listener {
  answered(by: Blame): void;
  failed(error: ApiError): void;
}

type Query = Record<string, string | number | boolean | string[] | undefined>;

export class Client {
  constructor(
    private readonly transport: Transport,
    private readonly listener?: Listener,
  ) {}

  status = (signal?: AbortSignal) => this.get<T.Status>('broker', '/v1/status', {}, signal);
  summary = (signal?: AbortSignal) => this.get<T.Summary>('tracker', '/v1/summary', {}, signal);
  topics = (signal?: AbortSignal) => this.get<T.Topics>('broker', '/v1/topics', {}, signal);
  services = (signal?: AbortSignal) => this.get<T.Services>('broker', '/v1/services', {}, signal);
  routes = (signal?: AbortSignal) => this.get<T.Routes>('broker', '/v1/routes', {}, signal);
  definitions = (signal?: AbortSignal) => this.get<T.Definitions>('gateway', '/v1/definitions', {}, signal);
  replays = (signal?: AbortSignal) => this.get<T.Replays>('broker', '/v1/replays', {}, signal);

  schema = (type: string, signal?: AbortSignal) => this.get<T.Schema>('broker', `/v1/schemas/${encodeURIComponent(type)}`, {}, signal);
  health = (signal?: AbortSignal) => this.get<T.Health>('gateway', '/healthz', {}, signal);

  flows = ({ states, ...query }: FlowQuery, signal?: AbortSignal) =>
    this.get<T.Flows>('tracker', '/v1/flows', { ...query, state: states }, signal);

  /** How it stands, without its events. */
  flow = (id: string, signal?: AbortSignal) =>
    this.get<T.Flow>('tracker', `/v1/flows/${encodeURIComponent(id)}`, { limit: 1 }, signal);

  /** Its first events, without what became of them. */
  steps = (id: string, signal?: AbortSignal) =>
    this.get<T.Flow>('tracker', `/v1/flows/${encodeURIComponent(id)}`, { limit: 1_000 }, signal);

  picture = async (id: string, after = 0, signal?: AbortSignal) =>
    T.pictureOf(
      await this.get(
        'tracker',
        `/v1/flows/${encodeURIComponent(id)}/picture`,
        { limit: picture_steps_max, after: after || undefined },
        signal,
      ),
    );

  why = (id: string, signal?: AbortSignal) =>
    this.get<T.Why>('tracker', `/v1/flows/${encodeURIComponent(id)}/why`, {}, signal);

  event = (offset: number, signal?: AbortSignal) =>
    this.get<T.StoredEvent>('broker', `/v1/events/${offset}`, {}, signal);

  variants = (where: string, signal?: AbortSignal) =>
    this.get<T.Variants>('tracker', '/v1/variants', { where: where || undefined }, signal);

  edges = (where: string, observed: boolean, signal?: AbortSignal) =>
    this.get<T.Edges>('tracker', '/v1/edges', { where: where || undefined, observed: observed || undefined }, signal);

  incidents = (query: { resolved?: boolean; id?: string; limit?: number; after?: string }, signal?: AbortSignal) =>
    this.get<T.Incidents>('tracker', '/v1/incidents', query, signal);

  dead = (query: LetterQuery, signal?: AbortSignal) => this.get<T.Dead>('broker', '/v1/dead', { ...query }, signal);
  retries = (query: LetterQuery, signal?: AbortSignal) =>
    this.get<T.Retries>('broker', '/v1/retries', { ...query }, signal);
  orphans = (query: { limit?: number; before?: number }, signal?: AbortSignal) =>
    this.get<T.Orphans>('tracker', '/v1/orphans', query, signal);
  delayed = (query: { limit?: number; after_due?: string; after_offset?: number }, signal?: AbortSignal) =>
    this.get<T.Delayed>('broker', '/v1/delayed', query, signal);

  command = (command: T.Command, by: string, note: string) =>
    this.post<T.CommandReply>('broker', '/v1/commands', { ...command, by, note });

  /** `by` and `reason` stand inside of what is said. */
  care = (care: T.Care, by: string, reason: string) =>
    this.post<T.CareReply>(
      'tracker',
      '/v1/care',
      Object.fromEntries(Object.entries(care).map(([what, said]) => [what, { ...said, by, reason }])),
    );

  tail(topics: string, from: string, handlers: StreamHandlers): () => void {
    return this.transport.stream('/v1/events/stream' + queryText({ topics, from }), handlers);
  }

  private get<Answer>(asked: Blame, path: string, query: Query, signal?: AbortSignal): Promise<Answer> {
    return this.send<Answer>(asked, { method: 'GET', path: path + queryText(query) }, signal);
  }

  private post<Answer>(asked: Blame, path: string, body: unknown): Promise<Answer> {
    return this.send<Answer>(asked, { method: 'POST', path, body });
  }

  private async send<Answer>(
    asked: Blame,
    wanted: { method: 'GET' | 'POST'; path: string; body?: unknown },
    signal?: AbortSignal,
  ): Promise<Answer> {
    try {
      const answer = await this.answered(wanted, signal);
      if (answer.status < 200 || answer.status > 299) throw problemOf(answer.status, answer.body, asked);
      const data = parse<Answer>(answer.body, wanted.path);
      this.listener?.answered(asked);
      return data;
    } catch (error) {
      if (signal?.aborted) throw error; // nobody waits for it any more
      const named = error instanceof ApiError ? error : unreachable(wanted.path);
      this.listener?.failed(named);
      throw named;
    }
  }

  private async answered(wanted: { method: 'GET' | 'POST'; path: string; body?: unknown }, signal?: AbortSignal) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), timeout_ms);
    const stop = () => patience.abort();
    signal?.addEventListener('abort', stop);
    try {
      return await this.transport.send({ ...wanted, signal: patience.signal });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }
}

function unreachable(path: string): ApiError {
  return new ApiError(`The gateway does not answer (${path.split('?')[0]}).`, 'gateway', 0);
}

function parse<Answer>(body: string, path: string): Answer {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Answer;
  } catch {
    // said below
  }
  throw new ApiError(`What came from ${path.split('?')[0]} is no JSON object: is this the gateway?`, 'gateway', 200);
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : '?' + text;
}
