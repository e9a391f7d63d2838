// What the browser tests share: opening a view on a scenario, and noticing what a page complains of.
import { test as base, expect, type Page } from '@playwright/test';

export interface Console {
  /** Opens `#/…` on a scenario. */
  open(scenario: string, hash?: string, query?: string): Promise<void>;
}

/** Moves the scenario's world, as its transport offers it to tests. */
export const world = {
  advance: (page: Page, ms: number) => page.evaluate((by) => (window as never as { reelScenario: { advance(ms: number): void } }).reelScenario.advance(by), ms),
  back: (page: Page) => page.evaluate(() => (window as never as { reelScenario: { back(): void } }).reelScenario.back()),
  lose: (page: Page, who: string) => page.evaluate((whom) => (window as never as { reelScenario: { lose(who: string): void } }).reelScenario.lose(whom), who),
};

/** The gateway's (services/gateway/http/static_files.cpp). */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export const test = base.extend<{ reel: Console; complaints: string[] }>({
  complaints: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    // Offline: nothing is asked of any other host, and nothing runs that the gateway's policy does not allow.
    await page.route('**/*', async (route) => {
      const url = new URL(route.request().url());
      if (url.hostname !== '127.0.0.1') {
        complaints.push(`asks ${url.host}`);
        return route.abort();
      }
      if (!route.request().isNavigationRequest()) return route.continue();
      const response = await route.fetch();
      return route.fulfill({ response, headers: { ...response.headers(), 'Content-Security-Policy': policy } });
    });
    await use(complaints);
    expect(complaints).toEqual([]);
  },
  reel: async ({ page, complaints }, use) => {
    void complaints;
    await use({
      async open(scenario, hash = '#/', query = '') {
        await page.goto(`/?scenario=${scenario}${query}${hash}`);
        await expect(page.locator('main h1').first()).not.toHaveText(/Asking/);
      },
    });
  },
});

export { expect };

/** A desk's screen and a phone's. */
export const screens = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

const button = (name: string) => async (page: Page) => {
  await page.getByRole('button', { name }).first().click();
};

/** Each view with a scenario in which it has something to show, a text that stands on it then, and what is done to see it. */
export const views: [name: string, scenario: string, hash: string, shows: string | RegExp, act?: (page: Page) => Promise<void>][] = [
  ['now, quiet', 'all-quiet', '#/', 'All quiet.'],
  ['now, overdue', 'one-overdue', '#/', '1 flow is overdue.'],
  ['now, read-only', 'read-only', '#/', 'read-only'],
  ['now, an incident', 'incident', '#/', /payments is paused by ada@desk/],
  ['now, nothing yet', 'nothing-yet', '#/', 'No flow is known yet.'],
  ['now, catching up', 'catching-up', '#/', 'The tracker is catching up.'],
  ['now, journal full', 'journal-full', '#/', 'The broker cannot write its journal.'],
  ['now, a silent service', 'service-silent', '#/', 'no instance is connected'],
  ['now, a failing check', 'check-failed', '#/', /check carrier fails for 34 s on 1 of 2 instances/],
  ['now, no broker', 'broker-gone', '#/', 'The broker does not answer.'],
  ['now, no tracker', 'tracker-gone', '#/', /What you see is \d+ s old/],
  ['now, no gateway', 'gateway-gone', '#/', /What you see is \d+ s old/],
  ['flows', 'incident', '#/flows', 'order-400'],
  ['flows, ten thousand', 'ten-thousand-flows', '#/flows', 'order-'],
  ['flow, long, graph', 'long-flow', '#/flow/batch-1', 'batch-1'],
  ['flow, long, sequence', 'long-flow', '#/flow/batch-1/sequence', 'batch-1'],
  ['flow, graph', 'one-overdue', '#/flow/order-17', 'payment.declined'],
  ['flow, causes', 'one-overdue', '#/flow/order-17/tree', 'dead letter'],
  ['flow, sequence', 'one-overdue', '#/flow/order-13/sequence', 'order.placed acked'],
  ['flow, timeline', 'one-overdue', '#/flow/order-13/timeline', 'delay before publishing'],
  ['flow, events', 'one-overdue', '#/flow/order-17/events', '"customer"'],
  ['flow, compared', 'one-overdue', '#/flow/order-17/compare?with=order-15', 'only there'],
  ['incidents', 'incident', '#/incidents', 'has not come'],
  ['incidents, resolved', 'incident', '#/incidents?tab=resolved', 'Lasted'],
  ['incident', 'incident', '#/incidents', 'Incidents', async (page) => {
    await page.locator('main a[href^="#/incident/"]').first().click();
    await expect(page.locator('main')).toContainText('Acknowledge');
  }],
  ['incident, to be acknowledged', 'incident', '#/incidents', 'Your name', button('Acknowledge')],
  ['definitions', 'incident', '#/definitions', 'order-fulfilment'],
  ['definition, graph', 'incident', '#/definition/order-fulfilment', 'customer.notified'],
  ['definition, edges', 'incident', '#/definition/order-fulfilment/edges', 'Armed'],
  ['definition, variants', 'incident', '#/definition/order-fulfilment/variants', 'p95'],
  ['definition, rules', 'incident', '#/definition/order-fulfilment/rules', 'any of'],
  ['map', 'all-quiet', '#/map', 'Topics nobody hears'],
  ['service', 'incident', '#/service/payments', 'Subscribes to'],
  ['service, a failing check', 'check-failed', '#/service/shipping', 'connect to carrier.example:443: connection refused'],
  ['dead letters', 'dead-letters', '#/failures', /17 dead letters/],
  ['dead letters, one group', 'dead-letters', '#/failures?service=shipping', 'Attempt', button('Inspect')],
  ['dead letters, to be redriven', 'dead-letters', '#/failures', 'Your name', button('Redrive 17 of payments')],
  ['retries', 'dead-letters', '#/failures?tab=retries', 'Give up'],
  ['delayed', 'dead-letters', '#/failures?tab=delayed', 'customer.notified'],
  ['orphans', 'quiet-topics', '#/failures?tab=orphans', 'which has the key cart-2'],
  ['flow, quiet events', 'quiet-topics', '#/flow/order-7/tree', /events? of low importance/],
  ['topics, low importance', 'quiet-topics', '#/topics', 'low importance'],
  ['topics', 'all-quiet', '#/topics', 'shop.v1.OrderPlaced'],
  ['topic', 'all-quiet', '#/topic/order.placed', 'message OrderPlaced'],
  ['tail', 'all-quiet', '#/tail', 'by notifications'],
  ['replay', 'replay', '#/replay', /of offsets 1000 to 40999/],
];
