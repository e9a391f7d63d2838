// A scenario file (scenarios/*.json): what the shop of a page without a back end has been through.

export type FaultKind =
  | 'lost' // the service handles it and publishes nothing
  | 'dead' // it fails until it is a dead letter
  | 'retrying' // it has failed and waits for another attempt
  | 'once' // it fails once
  | 'late' // it takes twelve seconds
  | 'declined'
  | 'sold_out';

export interface Fault {
  /** The order; "every" so many, beginning with `order`. */
  order: number;
  every?: number;
  kind: FaultKind;
  service: string;
}

export interface Outage {
  service: string;
  kind: 'paused' | 'offline' | 'check';
  /** Milliseconds before the scenario's now. */
  since_ms: number;
  by?: string;
  /** Of a check that fails, and keeps its service from answering. */
  check?: string;
  reason?: string;
}

export interface Scenario {
  title: string;
  now: string;
  seed: number;
  orders: number;
  /** Milliseconds between two orders. */
  every_ms: number;
  faults: Fault[];
  outages: Outage[];
  /** Who stops answering, shortly after the page has come up. */
  gone?: 'gateway' | 'broker' | 'tracker';
  /** The journal cannot be written. */
  journal_error?: string;
  catching_up?: boolean;
  /** One more flow with so many events, "batch-1". */
  long_flow?: number;
  delayed?: number;
  orphans?: number;
  /** Topics of low importance. */
  low?: string[];
  replay?: boolean;
  /** The gateway changes nothing. */
  read_only?: boolean;
  resolved_incidents?: number;
}
