// What the gateway would answer, from a scenario's world: a path and its query to a status and a JSON value.
import type { Expectation, FlowSummary, Spans } from '../api/types';
import { durationOf, edgeSpans } from './counting';
import { definitions, routes } from './shop';
import { timeText } from './order';
import { compileWhere, WhereError } from './where';
import type { World } from './world';

export interface Answer {
  status: number;
  value: unknown;
}

const ok = (value: unknown): Answer => ({ status: 200, value });
const problem = (status: number, title: string, detail: string): Answer => ({ status, value: { type: 'about:blank', title, status, detail } });

const of_tracker = /^\/v1\/(summary|flows|incidents|care|variants|edges)/;

export function answer(world: World, method: string, path: string, query: URLSearchParams, body: unknown): Answer {
  const who = of_tracker.test(path) ? 'tracker' : path === '/v1/definitions' ? 'gateway' : 'broker';
  if (world.gone === who) return problem(503, 'Service Unavailable', `the ${who} does not answer`);
  if (method === 'POST') return posted(world, path, body);
  const flow = /^\/v1\/flows\/([^/]+)(?:\/(picture|why))?$/.exec(path);
  if (flow) return aboutFlow(world, decodeURIComponent(flow[1]!), flow[2] ?? '', Number(query.get('limit') ?? 1_000));
  const event = /^\/v1\/events\/(\d+)$/.exec(path);
  if (event) {
    const found = world.event(Number(event[1]));
    return found ? ok({ event: found }) : problem(404, 'Not Found', `the journal holds no event at offset ${event[1]}`);
  }
  const type = /^\/v1\/schemas\/(.+)$/.exec(path);
  if (type) return schemaOf(world, decodeURIComponent(type[1]!));
  const make = pages[path];
  return make ? make(world, query) : problem(404, 'Not Found', `there is nothing at ${path}`);
}

function posted(world: World, path: string, body: unknown): Answer {
  if (path === '/v1/commands') return ok(world.command(body as Parameters<World['command']>[0]));
  if (path === '/v1/care') return ok(world.care(body as Parameters<World['care']>[0]));
  return problem(404, 'Not Found', `there is nothing at ${path}`);
}

function aboutFlow(world: World, id: string, what: string, limit: number): Answer {
  const picture = world.picture(id);
  if (!picture) return problem(404, 'Not Found', `no flow is known as ${id}`);
  if (what === 'picture') return ok(picture);
  if (what === '') {
    const { steps, expectations, watermark, ...summary } = picture;
    const told = steps.map(({ reeloffset, type, services: _s, gap: _g, ...step }) => ({ offset: reeloffset, topic: type, ...step }));
    return ok({ summary, steps: told.slice(0, limit), expectations, next: 0, watermark });
  }
  const open = (one: Expectation) => one.verdict === 'overdue' || one.verdict === 'waiting';
  const findings = picture.expectations
    .filter(open)
    .sort((a, b) => Number(b.verdict === 'overdue') - Number(a.verdict === 'overdue'))
    .map((expectation) => ({ expectation, cause: world.cause(picture, expectation) }));
  return ok({ summary: picture, findings, watermark: picture.watermark });
}

/** What stands in proto/shop/v1 of it, as far as a scenario needs one. */
function schemaOf(world: World, type: string): Answer {
  const topics = world.topicList().filter((topic) => topic.type === type).map((topic) => topic.topic);
  if (topics.length === 0) return problem(404, 'Not Found', `the broker has no message type '${type}'`);
  const [name = ''] = type.split('.').slice(-1);
  const text = `message ${name} {\n  // Unique for ever; the flow's id as well.\n  string order_id = 1;\n  string customer = 2;\n  int64 total_cents = 3;\n  repeated .shop.v1.Line lines = 4;\n}\n\nmessage Line {\n  string sku = 1;\n  int32 count = 2;\n}\n`;
  return ok({ type, file: `${type.split('.').slice(0, -1).join('/')}/${topics[0]!.split('.')[0]}.proto`, text, topics });
}

const pages: Record<string, (world: World, query: URLSearchParams) => Answer> = {
  '/v1/status': (world) =>
    ok({
      version: '0.1.0',
      started_at: timeText(world.now - 7_380_000),
      now: timeText(world.now),
      begin_offset: 0,
      end_offset: world.end_offset,
      sessions: 9,
      services: 6,
      journal_queue_bytes: 0,
      journal_error: world.scenario.journal_error ?? '',
      journal_failing_since: world.scenario.journal_error ? timeText(world.now - 31_000) : null,
      refused: {},
      stale_settles: 0,
      delayed: world.delayed().length,
      memory_bytes: 84_000_000,
    }),
  '/healthz': (world) => ok({ status: 'up', read_only: world.scenario.read_only ?? false }),
  '/v1/summary': (world) => ok(summary(world)),
  '/v1/topics': (world) => ok({ topics: world.topicList() }),
  '/v1/services': (world) => ok({ services: world.serviceList(), now: timeText(world.now), end_offset: world.end_offset }),
  '/v1/routes': () => ok({ routes }),
  '/v1/definitions': () => ok({ definitions }),
  '/v1/flows': flows,
  '/v1/incidents': (world, query) => {
    const all = [...world.incidents(), ...(query.get('resolved') || query.get('id') ? world.resolvedIncidents() : [])];
    const id = query.get('id');
    return ok({ incidents: id ? all.filter((one) => one.id === id) : all, next: '', watermark: timeText(world.now) });
  },
  '/v1/dead': (world, query) => letters(world, query, 'dead', 'letters'),
  '/v1/retries': (world, query) => letters(world, query, 'retrying', 'retries'),
  '/v1/delayed': (world) => ok({ events: world.delayed(), more: false, total: world.delayed().length }),
  '/v1/orphans': (world) => ok({ orphans: world.orphans(), next: 0, count: world.orphans().length, watermark: timeText(world.now) }),
  '/v1/replays': (world) => ok({ replays: world.replays() }),
  '/v1/variants': variants,
  '/v1/edges': edges,
};

function summary(world: World) {
  const counts = { open: 0, overdue: 0, completed: 0, untracked: 0 };
  const named = new Map(definitions.map(({ name }) => [name, { name, flows: 0, open: 0, overdue: 0, completed: 0 }]));
  let flows = 0;
  for (const flow of world.summaries()) {
    ++flows;
    counts[flow.state as keyof typeof counts] += 1;
    for (const name of flow.definitions) {
      const one = named.get(name)!;
      ++one.flows;
      one[flow.state as 'open'] += 1;
    }
  }
  return { watermark: timeText(world.now), offset: world.end_offset, caught_up: !world.scenario.catching_up, flows, ...counts, definitions: [...named.values()], ends: {} };
}

function selected(world: World, query: URLSearchParams): FlowSummary[] | Answer {
  const states = query.getAll('state');
  const definition = query.get('definition');
  try {
    const judge = compileWhere(query.get('where') ?? 'events >= 0');
    return world.summaries().filter(
      (flow) =>
        (states.length === 0 || states.includes(flow.state)) &&
        (!definition || flow.definitions.includes(definition)) &&
        judge(flow, world.now),
    );
  } catch (error) {
    if (error instanceof WhereError) return problem(422, 'Unprocessable Content', error.message);
    throw error;
  }
}

function flows(world: World, query: URLSearchParams): Answer {
  const all = selected(world, query);
  if (!Array.isArray(all)) return all;
  const limit = Math.min(1_000, Number(query.get('limit') ?? 100));
  const after = Number(query.get('after') ?? 0);
  const page = all.slice(after, after + limit);
  const next = after + limit < all.length ? String(after + limit) : '';
  return ok({ flows: page, next, watermark: timeText(world.now), looked_at: all.length });
}

function letters(world: World, query: URLSearchParams, state: 'dead' | 'retrying', name: string): Answer {
  const service = query.get('service');
  const all = world.letters(state).filter((letter) => !service || letter.service === service);
  const limit = Number(query.get('limit') ?? 100);
  const behind = all.findIndex(
    (letter) => letter.service === query.get('after_service') && letter.failure!.offset === Number(query.get('after')),
  );
  const page = all.slice(behind + 1, behind + 1 + limit);
  const last = behind + 1 + limit < all.length ? page.at(-1) : undefined;
  return ok({ [name]: page, next: last?.failure?.offset ?? 0, total: all.length, next_service: last?.service ?? '' });
}

function variants(world: World, query: URLSearchParams): Answer {
  const chosen = selected(world, query);
  if (!Array.isArray(chosen)) return chosen;
  const names: string[] = [];
  const at = (topic: string) => (names.includes(topic) ? names.indexOf(topic) : names.push(topic) - 1);
  const found = new Map<string, { topics: number[]; times: number[]; cut: boolean; count: number; overdue: number; ms: number[]; example: string }>();
  for (const flow of chosen) {
    const path: string[] = [];
    const times: number[] = [];
    for (const { type } of world.picture(flow.correlationid)!.steps.slice(0, 40)) {
      if (path.at(-1) === type) ++times[times.length - 1]!;
      else if (path.push(type)) times.push(1);
    }
    const key = path.join(' ') + times.join(' ');
    const one = found.get(key) ?? { topics: path.map(at), times, cut: flow.events > 40, count: 0, overdue: 0, ms: [], example: flow.correlationid };
    found.set(key, one);
    ++one.count;
    one.overdue += flow.overdue.length > 0 ? 1 : 0;
    one.ms.push(durationOf(flow));
  }
  const list = [...found.values()].map(({ ms, ...one }) => ({ ...one, durations: edgeSpans(ms) }));
  return ok({ topics: names, variants: list, next: '', looked_at: chosen.length, watermark: timeText(world.now) });
}

function edges(world: World, query: URLSearchParams): Answer {
  const chosen = selected(world, query);
  if (!Array.isArray(chosen)) return chosen;
  const found = new Map<string, { of: Expectation; count: number; came: number; late: number; overdue: number; ms: number[] }>();
  for (const flow of chosen) {
    for (const one of world.picture(flow.correlationid)!.expectations) {
      const key = JSON.stringify([one.definition, one.after, one.expected]);
      const edge = found.get(key) ?? { of: one, count: 0, came: 0, late: 0, overdue: 0, ms: [] };
      found.set(key, edge);
      ++edge.count;
      if (one.verdict === 'met' || one.verdict === 'met_late') {
        ++edge.came;
        if (one.verdict === 'met_late') ++edge.late;
        edge.ms.push(Date.parse(one.settled_at!) - Date.parse(one.armed_at!));
      }
      if (one.verdict === 'overdue') ++edge.overdue;
    }
  }
  const list = [...found.values()].map(({ of, ms, ...counts }) => ({
    definition: of.definition,
    after: of.after,
    expected: of.expected,
    any_of: of.any_of,
    ...counts,
    times: edgeSpans(ms) satisfies Spans,
  }));
  return ok({ edges: list, next: '', looked_at: chosen.length, watermark: timeText(world.now), others: 0 });
}
