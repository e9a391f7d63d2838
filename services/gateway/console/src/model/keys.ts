// The keyboard: what a sequence of keys means. Pure; the page says what was pressed and when.

export interface Shortcut {
  keys: string;
  does: string;
}

/** Letters after `g`, by view. */
export const go: Record<string, string> = {
  n: 'now',
  f: 'flows',
  i: 'incidents',
  d: 'definitions',
  m: 'map',
  l: 'failures',
  t: 'topics',
  e: 'tail',
  r: 'replay',
};

export const shortcuts: Shortcut[] = [
  { keys: '/', does: 'search flows' },
  { keys: 'g n', does: 'Now' },
  { keys: 'g f', does: 'Flows' },
  { keys: 'g i', does: 'Incidents' },
  { keys: 'g d', does: 'Definitions' },
  { keys: 'g m', does: 'Map' },
  { keys: 'g l', does: 'Dead letters and retries' },
  { keys: 'g t', does: 'Topics' },
  { keys: 'g e', does: 'Tail of events' },
  { keys: 'g r', does: 'Replay' },
  { keys: 'j k', does: 'next, previous row' },
  { keys: 'Enter', does: 'open the row' },
  { keys: '1 … 5', does: 'the tabs of a flow' },
  { keys: 't', does: 'light, dark, as the system says' },
  { keys: '?', does: 'this page' },
  { keys: 'Esc', does: 'close' },
];

export type Meaning =
  | { kind: 'go'; view: string }
  | { kind: 'search' | 'help' | 'theme' | 'down' | 'up' | 'open' }
  | { kind: 'tab'; number: number };

/** After `g` the next key is waited for so long. */
export const second_key_ms = 1_200;

export class Keys {
  private g_pressed_at: number | undefined;

  /** Nothing where it means nothing, or more is to come. */
  press(key: string, at: number): Meaning | undefined {
    const after_g = this.g_pressed_at !== undefined && at - this.g_pressed_at <= second_key_ms;
    this.g_pressed_at = undefined;
    if (after_g) {
      const view = go[key];
      return view ? { kind: 'go', view } : undefined;
    }
    switch (key) {
      case 'g':
        this.g_pressed_at = at;
        return undefined;
      case '/':
        return { kind: 'search' };
      case '?':
        return { kind: 'help' };
      case 't':
        return { kind: 'theme' };
      case 'j':
        return { kind: 'down' };
      case 'k':
        return { kind: 'up' };
      case 'Enter':
        return { kind: 'open' };
      default:
        return /^[1-9]$/.test(key) ? { kind: 'tab', number: Number(key) } : undefined;
    }
  }
}
