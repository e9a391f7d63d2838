// Paths that flows took, in words and shares; edges with how long and how late.
import type { Edge, Variants } from '../api/types';
import { ruleKey } from './definition_graph';

export interface VariantRow {
  path: { topic: string; times: number }[];
  cut: boolean;
  count: number;
  share: number;
  overdue: number;
  p50_ms: number | null;
  p95_ms: number | null;
  example: string;
}

/** The most frequent first. */
export function variantRows(reply: Variants): VariantRow[] {
  const all = reply.variants.reduce((sum, variant) => sum + variant.count, 0);
  return reply.variants
    .map((variant) => ({
      path: variant.topics.map((at, i) => ({ topic: reply.topics[at] ?? '?', times: variant.times[i] ?? 1 })),
      cut: variant.cut,
      count: variant.count,
      share: all === 0 ? 0 : variant.count / all,
      overdue: variant.overdue,
      p50_ms: variant.durations?.p50_ms ?? null,
      p95_ms: variant.durations?.p95_ms ?? null,
      example: variant.example,
    }))
    .sort((a, b) => b.count - a.count);
}

/** How much of what was armed came late or has not come. */
export function overdueShare(edge: Edge): number {
  return edge.count === 0 ? 0 : (edge.late + edge.overdue) / edge.count;
}

export function edgeOf(edges: readonly Edge[], definition: string, rule: string): Edge | undefined {
  return edges.find((edge) => edge.definition === definition && ruleKey({ after: edge.after, topics: edge.expected }) === rule);
}
