// Who publishes what, and who hears it.
//
// The broker knows who subscribes. Who publishes is seen in flows: an example of each path that flows take. So the
// map says what happens; only for a topic that no such flow has does it take the owner whom a definition names.
import type { Definition, Flow, Routes, Service, Topic } from '../api/types';
import { ruleTopics } from './definition_graph';
import { publisher } from './sequence';
import { isOwn } from './services';

export interface MapTopic {
  topic: string;
  type: string;
  durable: boolean;
  published: number;
  unrouted: number;
  refused: number;
  publishers: string[];
  subscribers: string[];
}

export interface MapService {
  service: string;
  publishes: string[];
  hears: string[];
  /** It is on the bus, and not only seen as a publisher. */
  known: boolean;
}

export interface BusMap {
  topics: MapTopic[];
  services: MapService[];
  routes: { from: string; to: string }[];
  /** Published, and nobody is subscribed. */
  unheard: string[];
  /** Subscribed, and nothing that is published matches. */
  unfed: { service: string; pattern: string }[];
}

export type Seen = Map<string, Set<string>>;

/** Topic to publishers, from steps of flows. */
export function publishersSeen(steps: readonly Pick<Flow['steps'][number], 'topic' | 'source'>[]): Seen {
  const seen: Seen = new Map();
  for (const step of steps) {
    const who = seen.get(step.topic) ?? new Set<string>();
    who.add(publisher(step.source));
    seen.set(step.topic, who);
  }
  return seen;
}

/** Topic to those whom a definition names as owing it. */
export function publishersOwed(definitions: readonly Definition[]): Seen {
  const seen: Seen = new Map();
  for (const definition of definitions) {
    for (const rule of definition.expectations) {
      if (!rule.owner || rule.never.length > 0 || ruleTopics(rule).length > 1) continue;
      for (const topic of ruleTopics(rule)) seen.set(topic, (seen.get(topic) ?? new Set<string>()).add(rule.owner));
    }
  }
  return seen;
}

export function mapOf(topics: readonly Topic[], services: readonly Service[], routes: Routes | undefined, seen: Seen): BusMap {
  const others = services.filter((service) => !isOwn(service));
  const shown = topics.filter((topic) => !topic.topic.startsWith('reel.'));
  const map_topics = shown.map((topic) => ({
    ...topic,
    publishers: [...(seen.get(topic.topic) ?? [])].sort(),
    subscribers: others.filter((service) => hears(service, topic.topic)).map((service) => service.service),
  }));
  const names = new Set([...others.map((service) => service.service), ...map_topics.flatMap((topic) => topic.publishers)]);
  return {
    topics: map_topics,
    services: [...names].sort().map((name) => ({
      service: name,
      publishes: map_topics.filter((topic) => topic.publishers.includes(name)).map((topic) => topic.topic),
      hears: map_topics.filter((topic) => topic.subscribers.includes(name)).map((topic) => topic.topic),
      known: others.some((service) => service.service === name),
    })),
    routes: (routes?.routes ?? []).map(({ from, to }) => ({ from, to })),
    unheard: map_topics.filter((topic) => topic.durable && topic.published > 0 && topic.subscribers.length === 0).map((topic) => topic.topic),
    unfed: others.flatMap((service) =>
      service.patterns
        .filter((pattern) => !shown.some((topic) => topic.published > 0 && matches(pattern, topic.topic)))
        .map((pattern) => ({ service: service.service, pattern })),
    ),
  };
}

function hears(service: Service, topic: string): boolean {
  return service.patterns.some((pattern) => matches(pattern, topic));
}

/** NATS wildcards: `*` one token, `>` one or more at the tail; `reel.` is never met by a leading wildcard. */
export function matches(pattern: string, topic: string): boolean {
  const wanted = pattern.split('.');
  const tokens = topic.split('.');
  if (tokens[0] === 'reel' && (wanted[0] === '*' || wanted[0] === '>')) return false;
  for (const [i, token] of wanted.entries()) {
    if (token === '>' && i === wanted.length - 1) return tokens.length > i;
    if (tokens[i] === undefined || (token !== '*' && token !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}
