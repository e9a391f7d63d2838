// The console in a real browser, on a real bus: what it starts is in live/shop.ts.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'live',
  outputDir: process.env.REEL_CONSOLE_RESULTS ?? 'test-results',
  // Half a minute each on a quiet machine; generous, since other tests may have it.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  workers: 1,
  forbidOnly: true,
  reporter: 'list',
  use: {
    timezoneId: 'UTC',
    launchOptions: { executablePath: process.env.REEL_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
  },
});
