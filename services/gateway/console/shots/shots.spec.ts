// Pictures of every view to be looked at by people: what no check sees. Into shots/pictures, or REEL_SHOTS.
import { mkdirSync } from 'node:fs';
import { screens, test, views, expect } from '../tests/console';

const folder = process.env.REEL_SHOTS ?? 'shots/pictures';
mkdirSync(folder, { recursive: true });

for (const [name, scenario, hash, shows, act] of views) {
  test(name, async ({ page, reel }) => {
    for (const [screen, size] of Object.entries(screens)) {
      await page.setViewportSize(size);
      await reel.open(scenario, hash);
      await act?.(page);
      await expect(page.locator('body')).toContainText(shows);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${folder}/${name.replaceAll(/[ ,]+/g, '-')}-${screen}-${colorScheme}.png`, animations: 'disabled' });
      }
      await page.goto('about:blank');
    }
  });
}
