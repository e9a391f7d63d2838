// Events as they come, newest first. Bounded: what is pushed out is in the journal still.
import type { Client } from '../api/client';
import type { CloudEvent } from '../api/types';

export interface TailEvent {
  offset: number;
  event: CloudEvent;
}

/** Events that come within this are shown together: a thousand a second are no thousand redraws. */
const gather_ms = 150;

function gapText(data: string): string {
  const { from, to, detail } = JSON.parse(data) as { from: number; to: number; detail: string };
  return `offsets ${from} to ${to}: ${detail}`;
}

export class Tail {
  events: TailEvent[] = $state.raw([]);
  connected = $state(false);
  lost = $state(false);
  /** While it stands still, what comes is counted. */
  held = $state(false);
  skipped = $state(0);
  seen = $state(0);
  /** What did not come, and why. */
  missing = $state('');
  private gathered: TailEvent[] = [];

  constructor(
    private readonly client: Client,
    private readonly rows_max: number,
    /** Whether events of a topic are kept. What is not takes no row from what is. */
    private readonly keeps: (topic: string) => boolean = () => true,
  ) {}

  /** Returns what closes it, as an effect wants it. */
  open(topics: string, from: string): () => void {
    this.events = [];
    this.connected = false;
    this.lost = false;
    this.missing = '';
    this.seen = 0;
    this.gathered = [];
    const close = this.client.tail(topics, from, {
      open: () => {
        this.connected = true;
        this.lost = false;
      },
      lost: () => {
        this.connected = false;
        this.lost = true;
      },
      event: (offset, data) => this.take(offset, data),
      gap: (data) => (this.missing = gapText(data)),
    });
    const timer = setInterval(() => this.show(), gather_ms);
    return () => {
      clearInterval(timer);
      close();
    };
  }

  private take(offset: number, data: string): void {
    let event: CloudEvent;
    try {
      event = JSON.parse(data) as CloudEvent;
    } catch {
      return; // no event; the next one may be
    }
    this.seen += 1;
    if (!this.keeps(event.type)) return;
    this.gathered.push({ offset, event });
    if (this.gathered.length > this.rows_max) this.gathered.shift();
  }

  private show(): void {
    if (this.gathered.length === 0) return;
    if (this.held) this.skipped += this.gathered.length;
    else this.events = [...this.gathered.reverse(), ...this.events].slice(0, this.rows_max);
    this.gathered = [];
  }
}
