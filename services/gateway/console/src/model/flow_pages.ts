// A list of ten thousand flows that is alive: pages are kept by the cursor that leads to them, and any of them can be
// asked for again.
import type { Flows, FlowSummary } from '../api/types';

/** Rows of a page: three screens, and small enough to be asked for every other second. */
export const page_rows = 200;
/** More than a person scrolls through; what lies behind is found by searching. */
export const rows_max = 50_000;

/** When so many new flows have come in at the top, the list begins anew: it is no history. */
export const newest_max = 5_000;

export class FlowPages {
  private readonly pages: { after: string; flows: FlowSummary[] }[] = [];
  private next = '';
  private listed: FlowSummary[] = [];

  get complete(): boolean {
    return this.pages.length > 0 && this.next === '';
  }

  /** Worked out when a page comes: it is looked at with every frame that scrolls. */
  get rows(): FlowSummary[] {
    return this.listed;
  }

  private list(): FlowSummary[] {
    const seen = new Set<string>();
    const rows: FlowSummary[] = [];
    for (const page of this.pages) {
      for (const flow of page.flows) {
        // A flow that was new when a page was asked again may stand on two of them.
        if (seen.has(flow.correlationid)) continue;
        seen.add(flow.correlationid);
        rows.push(flow);
      }
    }
    return rows;
  }

  /** The cursor of the page that is to be fetched next; nothing where all are here. */
  get wanted(): string | undefined {
    if (this.pages.length === 0) return '';
    return this.next === '' || this.rows.length >= rows_max ? undefined : this.next;
  }

  /** Of the page that a row stands on. */
  cursorOf(row: number): string {
    let first = 0;
    for (const page of this.pages) {
      first += page.flows.length;
      if (row < first) return page.after;
    }
    return this.pages[this.pages.length - 1]?.after ?? '';
  }

  take(after: string, reply: Flows): void {
    this.put(after, reply);
    this.listed = this.list();
  }

  private put(after: string, reply: Flows): void {
    const at = this.pages.findIndex((page) => page.after === after);
    if (at < 0) {
      this.pages.push({ after, flows: reply.flows });
      this.next = reply.next;
      return;
    }
    const first_again = at === 0 && this.pages.length > 1;
    if (first_again && this.pages[0]!.flows.length > newest_max) {
      this.pages.splice(0, this.pages.length, { after, flows: reply.flows });
      this.next = reply.next;
      return;
    }
    // New flows push others off the first page; these stay until the page behind it is asked again.
    this.pages[at] = { after, flows: first_again ? merged(reply.flows, this.pages[at]!.flows) : reply.flows };
    if (at === this.pages.length - 1) this.next = reply.next;
  }
}

function merged(fresh: readonly FlowSummary[], old: readonly FlowSummary[]): FlowSummary[] {
  const there = new Set(fresh.map((flow) => flow.correlationid));
  return [...fresh, ...old.filter((flow) => !there.has(flow.correlationid))];
}
