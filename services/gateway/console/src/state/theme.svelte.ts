// Light, dark, or as the system says.
import { remember, remembered } from './memory';

export type Theme = 'system' | 'light' | 'dark';
const order: Theme[] = ['system', 'light', 'dark'];

class ThemeSwitch {
  chosen: Theme = $state(order.find((theme) => theme === remembered('theme')) ?? 'system');

  next(): void {
    this.chosen = order[(order.indexOf(this.chosen) + 1) % order.length]!;
    remember('theme', this.chosen);
    this.apply();
  }

  apply(): void {
    if (this.chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.chosen;
  }

  /** What a canvas must know, which style sheets do not reach. */
  get dark(): boolean {
    return this.chosen === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : this.chosen === 'dark';
  }
}

export const theme = new ThemeSwitch();
