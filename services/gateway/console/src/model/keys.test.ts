import { expect, test } from 'vitest';
import { go, Keys, second_key_ms, shortcuts } from './keys';
import { views } from './route';

test('g and a letter goes somewhere', () => {
  const keys = new Keys();
  expect(keys.press('g', 0)).toBeUndefined();
  expect(keys.press('f', 300)).toEqual({ kind: 'go', view: 'flows' });
});
test('g is forgotten after a while', () => {
  const keys = new Keys();
  keys.press('g', 0);
  expect(keys.press('n', second_key_ms + 1)).toBeUndefined();
});
test('a letter after g is not what it is alone', () => {
  const keys = new Keys();
  keys.press('g', 0);
  expect(keys.press('t', 10)).toEqual({ kind: 'go', view: 'topics' });
  expect(keys.press('t', 20)).toEqual({ kind: 'theme' });
});
test('digits are tabs', () => {
  expect(new Keys().press('3', 0)).toEqual({ kind: 'tab', number: 3 });
});
test('every view that g leads to exists, and the help names it', () => {
  for (const [key, view] of Object.entries(go)) {
    expect(views).toContain(view);
    expect(shortcuts.map((shortcut) => shortcut.keys)).toContain(`g ${key}`);
  }
});
