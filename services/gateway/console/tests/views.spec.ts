// FEATURE every view can be looked at: in light and dark, on a desk and on a phone, by everybody.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, views } from './console';

for (const [name, scenario, hash, shows] of views) {
  for (const scheme of ['light', 'dark'] as const) {
    test(`${name}: ${scheme}, and axe finds nothing serious`, async ({ page, reel }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await reel.open(scenario, hash);
      await expect(page.locator('body')).toContainText(shows);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
      expect(serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)).toEqual([]);
    });
  }

  test(`${name}: a phone needs no sideways scrolling`, async ({ page, reel }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await reel.open(scenario, hash);
    await expect(page.locator('body')).toContainText(name === 'flow, sequence' ? 'order-13' : shows);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
