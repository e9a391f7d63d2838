// A question asked again and again while somebody looks: what was answered last, and what went wrong since.
//
//   const summary = new Poll((signal) => app.client.summary(signal), 1_000);
//   $effect(() => summary.run());
//
// After a failure it waits longer each time, and goes on by itself. A hidden page asks nothing. What was answered
// stays when the next answer fails: old data with its age is better than none.
import { ApiError } from '../api/problem';

/** Nobody waits longer than this for a recovered gateway to be noticed. */
export const backoff_max_ms = 8_000;

export function backoff(every_ms: number, failures: number): number {
  return failures === 0 ? every_ms : Math.min(backoff_max_ms, every_ms * 2 ** Math.min(failures, 10));
}

export class Poll<Answer> {
  data: Answer | undefined = $state.raw();
  error: ApiError | undefined = $state.raw();
  loading = $state(true);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private patience: AbortController | undefined;
  private failures = 0;
  private running = false;

  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<Answer>,
    private readonly every_ms: number,
    private readonly heard: (answer: Answer) => void = () => {},
  ) {}

  /** Asks at once and then on; returns what stops it, as an effect wants it. */
  run(): () => void {
    this.running = true;
    void this.again();
    const look = () => {
      if (!document.hidden) this.now();
    };
    document.addEventListener('visibilitychange', look);
    return () => {
      this.running = false;
      document.removeEventListener('visibilitychange', look);
      clearTimeout(this.timer);
      this.patience?.abort();
    };
  }

  /** Without waiting for its turn. */
  now(): void {
    clearTimeout(this.timer);
    void this.again();
  }

  private async again(): Promise<void> {
    this.patience?.abort();
    const patience = new AbortController();
    this.patience = patience;
    try {
      const answer = await this.ask(patience.signal);
      if (patience.signal.aborted) return;
      this.data = answer;
      this.error = undefined;
      this.failures = 0;
      this.heard(answer);
    } catch (error) {
      if (patience.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(String(error), 'gateway', 0);
      this.failures += 1;
    }
    this.loading = false;
    if (this.running && !document.hidden) {
      this.timer = setTimeout(() => void this.again(), backoff(this.every_ms, this.failures));
    }
  }
}
