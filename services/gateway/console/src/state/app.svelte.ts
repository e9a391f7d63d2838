// What every view shares: the client, the clocks, who answers, and what was counted since the page was opened.
import { getContext } from 'svelte';
import { Client } from '../api/client';
import type { Transport } from '../api/transport';
import type { Summary, Topics } from '../api/types';
import { bannerOf, noSources, noteAnswer, noteFailure, type Banner, type Sources } from '../model/banner';
import { Samples, type Sample } from '../model/rates';
import { logTime, standsStill, watermarkOf, type Watermark } from '../model/watermark';
import type { Millis } from '../model/time';
import { ActionDesk } from './actions.svelte';
import type { Clock } from './clock';
import { Poll } from './poll.svelte';

/** How often what counts down is drawn anew. */
const tick_ms = 250;
const shared_ms = 1_000;

export class App {
  readonly client: Client;
  readonly actions: ActionDesk;
  // Asked for on every view: the time by which everything is judged, and the counters behind the plots.
  readonly summary: Poll<Summary>;
  readonly topics: Poll<Topics>;
  /** The steady clock, as a value that views follow. */
  steady: Millis = $state(0);
  private sources: Sources = $state(noSources());
  private watermark: Watermark | undefined = $state();
  private readonly counted: Samples;
  /** The gateway changes nothing, so there is nothing to press. */
  read_only = $state(false);
  /** Grows with each sample: plots follow it. */
  sampled = $state(0);

  constructor(
    transport: Transport,
    readonly clock: Clock,
    readonly scenario: string,
    history: readonly Sample[] = [],
  ) {
    this.counted = new Samples();
    for (const sample of history) this.counted.add(sample);
    this.sampled = history.length;
    this.steady = clock.steady();
    this.client = new Client(transport, {
      answered: (by) => noteAnswer(this.sources, by, clock.steady()),
      failed: (error) => noteFailure(this.sources, error.blame, error.sentence, clock.steady()),
    });
    this.actions = new ActionDesk(this.client);
    const hear = (answer: Summary) => this.hear(watermarkOf(answer.watermark, clock.steady()));
    this.summary = new Poll((signal) => this.client.summary(signal), shared_ms, hear);
    this.topics = new Poll((signal) => this.client.topics(signal), shared_ms, (answer) => this.count(answer));
  }

  /** Lets time go on; returns what stops it. */
  start(): () => void {
    const timer = setInterval(() => (this.steady = this.clock.steady()), tick_ms);
    void this.client.health().then(
      (health) => (this.read_only = health.read_only ?? false),
      () => {}, // the banner says that nobody answers
    );
    const stops = [this.summary.run(), this.topics.run(), () => clearInterval(timer)];
    return () => stops.forEach((stop) => stop());
  }

  get banner(): Banner | undefined {
    return bannerOf(this.sources, this.steady);
  }

  hear(watermark: Watermark | undefined): void {
    if (watermark && (!this.watermark || watermark.at >= this.watermark.at)) this.watermark = watermark;
  }

  /** Log time as far as is known; before the first answer the wall's. */
  get now(): Millis {
    return this.watermark ? logTime(this.watermark, this.steady) : this.clock.wall();
  }

  get stands_still(): boolean {
    return this.watermark !== undefined && standsStill(this.watermark, this.steady);
  }

  private count({ topics }: Topics): void {
    const counts: Record<string, number> = { published: 0 };
    for (const topic of topics) {
      counts[`topic ${topic.topic}`] = topic.published;
      if (topic.durable) counts.published! += topic.published;
    }
    const summary = this.summary.data;
    if (summary) Object.assign(counts, { open: summary.open, overdue: summary.overdue });
    this.counted.add({ at: this.clock.steady(), counts });
    ++this.sampled;
  }

  get samples(): Samples {
    // Reading it makes a view follow what is counted.
    void this.sampled;
    return this.counted;
  }
}

const key = Symbol('app');
/** For mount(): every view below has it. */
export const contextOf = (app: App): Map<symbol, App> => new Map([[key, app]]);
export const useApp = (): App => getContext<App>(key);
