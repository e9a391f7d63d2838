// What every view shares: the client, the clocks, who answers, and what was counted since the page was opened.
import { getContext } from 'svelte';
import { Client } from '../api/client';
import type { Transport } from '../api/transport';
import { bannerOf, noSources, noteAnswer, noteFailure, type Banner, type Sources } from '../model/banner';
import { Samples, type Sample } from '../model/rates';
import { logTime, standsStill, type Watermark } from '../model/watermark';
import type { Millis } from '../model/time';
import { ActionDesk } from './actions.svelte';
import type { Clock } from './clock';

/** How often what counts down is drawn anew. */
const tick_ms = 250;

export class App {
  readonly client: Client;
  readonly actions: ActionDesk;
  /** The steady clock, as a value that views follow. */
  steady: Millis = $state(0);
  private sources: Sources = $state(noSources());
  private watermark: Watermark | undefined = $state();
  private readonly counted: Samples;
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
  }

  /** Lets time go on; returns what stops it. */
  start(): () => void {
    const timer = setInterval(() => (this.steady = this.clock.steady()), tick_ms);
    return () => clearInterval(timer);
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

  sample(counts: Record<string, number>): void {
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
