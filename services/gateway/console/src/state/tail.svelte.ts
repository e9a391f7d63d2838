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
  const { from, to } = JSON.parse(data) as { from: number; to: number };
  return `offsets ${from} to ${to} are no longer in the journal`;
}

export class Tail {
  events: TailEvent[] = $state.raw([]);
  connected = $state(false);
  lost = $state(false);
  /** While it stands still, what comes is counted. */
  held = $state(false);
  skipped = $state(0);
  seen = $state(0);
  /** What the journal no longer had when the stream was opened again. */
  missing = $state('');
  private gathered: TailEvent[] = [];

  constructor(
    private readonly client: Client,
    private readonly rows_max: number,
  ) {}

  /** Returns what closes it, as an effect wants it. */
  open(topics: string, from: string): () => void {
    this.events = [];
    this.connected = false;
    this.lost = false;
    this.missing = '';
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
    try {
      this.gathered.push({ offset, event: JSON.parse(data) as CloudEvent });
    } catch {
      return; // no event; the next one may be
    }
    if (this.gathered.length > this.rows_max) this.gathered.shift();
    this.seen += 1;
  }

  private show(): void {
    if (this.gathered.length === 0) return;
    if (this.held) this.skipped += this.gathered.length;
    else this.events = [...this.gathered.reverse(), ...this.events].slice(0, this.rows_max);
    this.gathered = [];
  }
}
