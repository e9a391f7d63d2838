// What a person is asked before something is done, and what came of it.
import type { Client } from '../api/client';
import { ApiError } from '../api/problem';
import type { CommandReply } from '../api/types';
import { careOutcome, failureText, outcomeOf, type Intention, type Outcome } from '../model/commands';
import { remember, remembered } from './memory';

export class ActionDesk {
  intention: Intention | undefined = $state.raw();
  by = $state(remembered('by') ?? '');
  note = $state('');
  busy = $state(false);
  outcome: Outcome | undefined = $state.raw();
  failure = $state('');
  private done: (() => void) | undefined;
  /** To the intention's commands, as far as they are carried out: what was done is not done again. */
  private replies: CommandReply[] = [];

  constructor(private readonly client: Client) {}

  /** Asks; `done` is called when it was carried out. */
  ask(intention: Intention, done?: () => void): void {
    this.intention = intention;
    this.note = '';
    this.outcome = undefined;
    this.failure = '';
    this.replies = [];
    this.done = done;
  }

  close(): void {
    if (!this.busy) this.intention = undefined;
  }

  get ready(): boolean {
    return !this.busy && this.by.trim() !== '' && this.outcome === undefined;
  }

  async confirm(): Promise<void> {
    const intention = this.intention;
    if (!intention || !this.ready) return;
    this.busy = true;
    this.failure = '';
    remember('by', this.by.trim());
    try {
      this.outcome = await this.carryOut(intention);
    } catch (error) {
      const refused = error instanceof ApiError && error.blame === 'question';
      this.failure = failureText(error instanceof ApiError ? error.sentence : String(error), refused, this.replies);
    } finally {
      this.busy = false;
    }
    this.done?.(); // a failure may have changed something as well
  }

  private async carryOut(intention: Intention): Promise<Outcome> {
    const by = this.by.trim();
    const note = this.note.trim();
    if (intention.care) return careOutcome(await this.client.care(intention.care, by, note), intention.care);
    // One after the other: when one fails, what is behind it was not done.
    for (const command of intention.commands.slice(this.replies.length))
      this.replies.push(await this.client.command(command, by, note));
    return outcomeOf(this.replies);
  }
}
