// How fast counters grow: samples of the last minutes, and what is drawn of them.

export interface Sample {
  /** On the page's steady clock. */
  at: number;
  counts: Record<string, number>;
}

/** Ten minutes at one a second: what a plot has room for. */
export const samples_max = 600;

export class Samples {
  private readonly kept: Sample[] = [];

  add(sample: Sample): void {
    const last = this.kept[this.kept.length - 1];
    if (last && sample.at <= last.at) return;
    this.kept.push(sample);
    if (this.kept.length > samples_max) this.kept.shift();
  }

  get all(): readonly Sample[] {
    return this.kept;
  }

  /** Per second over the last `window_ms`; nothing where that is not known, or the counter began anew. */
  rate(name: string, window_ms = 10_000): number | undefined {
    const last = this.kept[this.kept.length - 1];
    if (!last) return undefined;
    const first = this.kept.find((sample) => sample.at >= last.at - window_ms && sample.counts[name] !== undefined);
    return first ? rateBetween(first, last, name) : undefined;
  }

  /** For a plot: seconds before the last sample, and the counter itself or its growth per second. */
  series(name: string, as: 'level' | 'rate'): { x: number[]; y: (number | null)[] } {
    const last = this.kept[this.kept.length - 1];
    const x: number[] = [];
    const y: (number | null)[] = [];
    for (let i = as === 'rate' ? 1 : 0; i < this.kept.length; ++i) {
      const sample = this.kept[i]!;
      x.push((sample.at - last!.at) / 1000);
      y.push(as === 'level' ? (sample.counts[name] ?? null) : (rateBetween(this.kept[i - 1]!, sample, name) ?? null));
    }
    return { x, y };
  }
}

function rateBetween(first: Sample, last: Sample, name: string): number | undefined {
  const from = first.counts[name];
  const to = last.counts[name];
  const seconds = (last.at - first.at) / 1000;
  if (from === undefined || to === undefined || seconds <= 0 || to < from) return undefined;
  return (to - from) / seconds;
}
