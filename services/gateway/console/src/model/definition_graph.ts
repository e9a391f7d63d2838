// A flow definition as a graph: topics, and an edge from each A to what is expected after it.
import type { Definition, Expectation, Rule } from '../api/types';
import { durationText } from './time';

export type EdgeKind = 'any_of' | 'all_of' | 'never' | 'one';

export interface GraphNode {
  topic: string;
  start: boolean;
  end: boolean;
}

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  kind: EdgeKind;
  /** The rule's edge key: all edges of one rule have it. */
  rule: string;
  owner: string;
  /** "within 10 s" */
  within: string;
}

export interface DefinitionGraph {
  name: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export function ruleTopics(rule: Rule): string[] {
  return rule.never.length > 0 ? rule.never : rule.any_of.length > 0 ? rule.any_of : rule.all_of;
}

/** The same for a rule, for an expectation that was armed by it, and for an edge that was counted. */
export function ruleKey(of: { after: string; topics: readonly string[] }): string {
  return JSON.stringify([of.after, [...of.topics].sort()]);
}

export function graphOf(definition: Definition, seen: readonly Expectation[] = []): DefinitionGraph {
  const nodes = new Map<string, GraphNode>();
  const node = (topic: string) => {
    if (!nodes.has(topic)) {
      nodes.set(topic, { topic, start: topic === definition.start, end: definition.end.includes(topic) });
    }
  };
  const edges: GraphEdge[] = [];
  const known = new Set<string>();
  const connect = (after: string, topics: readonly string[], kind: EdgeKind, owner: string, within: string) => {
    const rule = ruleKey({ after, topics });
    if (known.has(rule)) return;
    known.add(rule);
    node(after);
    for (const topic of topics) {
      node(topic);
      edges.push({ id: `${edges.length}`, from: after, to: topic, kind: topics.length === 1 && kind !== 'never' ? 'one' : kind, rule, owner, within });
    }
  };
  if (definition.start) node(definition.start);
  for (const rule of definition.expectations) {
    if (!rule.after) {
      for (const topic of ruleTopics(rule)) node(topic);
      continue;
    }
    connect(rule.after, ruleTopics(rule), kindOf(rule), rule.owner, withinText(rule.within_ms));
  }
  // A flow keeps the version of the definition that it began with: what it was judged by is drawn too.
  for (const one of seen) {
    if (one.definition !== definition.name || one.after === '') continue;
    connect(one.after, one.expected, one.never ? 'never' : one.any_of ? 'any_of' : 'all_of', one.owner, '');
  }
  for (const topic of definition.end) node(topic);
  return { name: definition.name, nodes: [...nodes.values()], edges };
}

function kindOf(rule: Rule): EdgeKind {
  return rule.never.length > 0 ? 'never' : rule.any_of.length > 0 ? 'any_of' : 'all_of';
}

function withinText(ms: number | null): string {
  return ms ? `within ${durationText(ms)}` : '';
}
