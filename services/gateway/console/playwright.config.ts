// The console in a real browser, as it is built, on scenarios: nothing runs behind it.
import { createServer } from 'node:net';
import { defineConfig } from '@playwright/test';

/** Asked of the system once; workers inherit it. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return String(typeof address === 'object' && address ? address.port : 0);
}

process.env.REEL_CONSOLE_PORT ??= await freePort();
const base = `http://127.0.0.1:${process.env.REEL_CONSOLE_PORT}`;

export default defineConfig({
  testDir: 'tests',
  outputDir: process.env.REEL_CONSOLE_RESULTS ?? 'test-results',
  // Generous: other tests may have the machine.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: 'list',
  use: {
    baseURL: base,
    timezoneId: 'UTC',
    launchOptions: { executablePath: process.env.REEL_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
  },
  webServer: {
    command: `node node_modules/vite/bin/vite.js preview --port ${process.env.REEL_CONSOLE_PORT} --strictPort`,
    url: base,
    reuseExistingServer: false,
    timeout: 300_000,
  },
});
