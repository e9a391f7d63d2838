// A transport without a back end: `?scenario=one-overdue` answers from a world of its own, behind the same interface as
// the gateway. Loaded only when it is asked for.
//
// Its clock stands still unless the address says `clock=running`, so that a screenshot is always the same picture.
// `window.reelScenario` lets a test move time and take away who answers.
import type { Answered, StreamHandlers, Transport, Wanted } from '../api/transport';
import type { Clock } from '../state/clock';
import { millis, type Millis } from '../model/time';
import type { Sample } from '../model/rates';
import { answer } from './answers';
import { random } from './random';
import type { Scenario } from './scenario';
import { World } from './world';

const files = import.meta.glob<{ default: Scenario }>('../../scenarios/*.json');

/** After the page has had its first answers. */
const goes_after_ms = 1_200;
/** How old the data is then. */
const gone_for_ms = 42_000;

export function scenarioNames(): string[] {
  return Object.keys(files).map((path) => path.replace(/^.*\/(.*)\.json$/, '$1')).sort();
}

export async function openScenario(name: string, running: boolean): Promise<ScenarioTransport> {
  const load = files[`../../scenarios/${name}.json`];
  if (!load) throw new Error(`there is no scenario '${name}'; there are: ${scenarioNames().join(', ')}`);
  return new ScenarioTransport(new World((await load()).default), running);
}

class ScenarioClock implements Clock {
  private moved = 0;
  private readonly began = performance.now();
  constructor(
    private readonly start: Millis,
    private readonly running: boolean,
  ) {}

  steady(): Millis {
    return this.moved + (this.running ? performance.now() - this.began : 0);
  }
  wall(): Millis {
    return this.start + this.steady();
  }
  move(ms: number): void {
    this.moved += ms;
  }
}

export class ScenarioTransport implements Transport {
  readonly clock: ScenarioClock;
  private heard = 0;

  constructor(
    private readonly world: World,
    running: boolean,
  ) {
    this.clock = new ScenarioClock(world.now, running);
    const { gone } = world.scenario;
    if (gone) setTimeout(() => this.lose(gone), goes_after_ms);
    Object.assign(window, { reelScenario: { lose: (who: Scenario['gone']) => this.lose(who), back: () => this.back(), advance: (ms: number) => this.advance(ms) } });
  }

  private lose(who: Scenario['gone']): void {
    this.world.gone = who;
    this.clock.move(gone_for_ms);
  }

  private back(): void {
    this.world.gone = undefined;
    this.world.advance(gone_for_ms);
  }

  private advance(ms: number): void {
    this.clock.move(ms);
    this.world.advance(ms);
    this.heard = this.clock.steady();
  }

  private catchUp(): void {
    const elapsed = this.clock.steady() - this.heard;
    if (this.world.gone || elapsed < 200 || elapsed > gone_for_ms) return;
    this.heard += elapsed;
    this.world.advance(elapsed);
  }

  async send(wanted: Wanted): Promise<Answered> {
    // As a network would: never in the same turn.
    await new Promise((done) => setTimeout(done, 0));
    if (wanted.signal?.aborted) throw new DOMException('aborted', 'AbortError');
    if (this.world.gone === 'gateway') throw new TypeError('failed to fetch');
    this.catchUp();
    const [path = '', query = ''] = wanted.path.split('?', 2);
    const { status, value } = answer(this.world, wanted.method, path, new URLSearchParams(query), wanted.body);
    return { status, body: JSON.stringify(value) };
  }

  stream(path: string, handlers: StreamHandlers): () => void {
    const patterns = (new URLSearchParams(path.split('?')[1]).get('topics') ?? '>').split(',');
    const events = [...this.world.all()]
      .flatMap((picture) => picture.steps.map((step) => step.reeloffset))
      .sort((a, b) => b - a)
      .slice(0, 40)
      .reverse();
    const timer = setTimeout(async () => {
      const { matches } = await import('../model/map');
      handlers.open();
      for (const offset of events) {
        const event = this.world.event(offset);
        if (event && patterns.some((pattern) => matches(pattern, event.type))) handlers.event(offset, JSON.stringify(event));
      }
    }, 0);
    return () => clearTimeout(timer);
  }

  /** What a page that had been open for five minutes would have counted. */
  history(): Sample[] {
    const roll = random(this.world.scenario.seed);
    const published = this.world.topicList().filter((topic) => topic.durable).reduce((sum, topic) => sum + topic.published, 0);
    const per_second = 1000 / this.world.scenario.every_ms;
    const overdue = this.world.summaries().filter((flow) => flow.state === 'overdue');
    const open = this.world.summaries().filter((flow) => flow.state === 'open').length;
    const samples: Sample[] = [];
    let count = published;
    for (let ago = 1; ago <= 300; ++ago) {
      count -= Math.max(0, per_second * 8 * (0.8 + 0.4 * roll()));
      const at = this.world.now - ago * 1000;
      const late = overdue.filter((flow) => flow.overdue.some((one) => millis(one.deadline)! < at)).length;
      samples.push({ at: this.clock.steady() - ago * 1000, counts: { published: count, open: Math.max(0, Math.round(open + (roll() - 0.5) * 2.4)), overdue: late } });
    }
    return samples.reverse();
  }
}
