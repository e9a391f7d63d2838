// Percentiles, as the tracker would count them.
import type { FlowSummary, Spans } from '../api/types';
import { millis } from '../model/time';

export function durationOf(flow: FlowSummary): number {
  return (millis(flow.last_at) ?? 0) - (millis(flow.started_at) ?? 0);
}

export function edgeSpans(ms: number[]): Spans {
  if (ms.length === 0) return { count: 0, least_ms: null, most_ms: null, p50_ms: null, p95_ms: null, p99_ms: null };
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { count: ms.length, least_ms: sorted[0]!, most_ms: at(1), p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}
