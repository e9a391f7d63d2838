// FEATURE every view can be looked at: in light and dark, on a desk and on a phone, by everybody.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, screens, test, views } from './console';

async function serious(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

for (const [name, scenario, hash, shows, act] of views) {
  test(`${name}: on a desk and on a phone, light and dark, axe finds nothing serious, and nothing scrolls sideways`, async ({ page, reel }) => {
    await reel.open(scenario, hash);
    await act?.(page);
    for (const [screen, size] of Object.entries(screens)) {
      await page.setViewportSize(size);
      await expect(page.locator('main h1').first()).toBeVisible();
      await expect(page.locator('body')).toContainText(shows);
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), screen).toBeLessThanOrEqual(size.width);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await serious(page), `${screen}, ${colorScheme}`).toEqual([]);
      }
    }
  });
}
